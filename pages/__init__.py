"""The screens: Streamlit only, one visible function a page. What they compute lives in ``vae``."""
