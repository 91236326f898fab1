"""Pictures for the Draw page, uploaded or taken with a camera: read safely, made small."""

from __future__ import annotations

import base64
import io
import warnings
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image, ImageOps, UnidentifiedImageError
from streamlit.runtime.uploaded_file_manager import UploadedFile

from pages.look import plain
from vae.errors import VaeError

FORMATS = ("PNG", "JPEG", "WEBP")
MOST_MEGABYTES = 20
# A decoder's memory: JPEG is read at a fraction of its size, the others whole. Cameras make 12 to
# 50 million pixels.
MOST_PIXELS = {"JPEG": 50_000_000, "PNG": 16_000_000, "WEBP": 16_000_000}
SIDE = 256  # pixels of the longer side: more than any model here sees
_SCALABLE = ("L", "LA", "RGB", "RGBA")  # modes that are made small without a copy in another
_KEPT = "draw picture"


def choose_picture() -> dict[str, Any] | None:
    """A compact place for an upload or a photo. What was chosen, as the browser takes it."""
    popover = st.popover("Use a picture", icon=":material/add_photo_alternate:")
    with popover, st.container(width=340):
        way = st.segmented_control(
            "From",
            ["Upload", "Camera"],
            default="Upload",
            required=True,
            label_visibility="collapsed",
        )
        if way == "Camera":
            st.caption("Browsers give the camera only to pages on https:// or on localhost.")
            chosen = st.camera_input("Photo", label_visibility="collapsed")
        else:
            chosen = st.file_uploader(
                "PNG, JPEG or WebP",
                type=["png", "jpg", "jpeg", "webp"],
                max_upload_size=MOST_MEGABYTES,
            )
        if chosen is None:
            return None
        try:
            image = _read_once(chosen)
        except VaeError as error:
            st.error(plain(str(error)), icon=":material/error:")
            return None
        st.caption("It was put on the pad; you can draw on it.")
    return for_browser(image, chosen.file_id)


def _read_once(chosen: UploadedFile) -> Image.Image:
    """What :func:`read_picture` makes of a file, kept while it is the chosen one."""
    kept = st.session_state.get(_KEPT)
    if kept is None or kept[0] != chosen.file_id:
        kept = chosen.file_id, read_picture(chosen.getvalue(), chosen.name)
        st.session_state[_KEPT] = kept
    return kept[1]


def read_picture(content: bytes, name: str) -> Image.Image:
    """A picture from a file that anybody may have made: upright, on white, RGB, small.

    Of an animation the first frame is taken.

    Raises:
        VaeError: if it is too large, of another format or damaged.
    """
    if len(content) > MOST_MEGABYTES * 2**20:
        raise VaeError(
            f"{name} has {len(content) / 2**20:.0f} MB; up to {MOST_MEGABYTES} are allowed."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # checked below
            image = Image.open(io.BytesIO(content), formats=FORMATS)
        most = MOST_PIXELS[image.format or "PNG"]
        if (pixels := image.width * image.height) > most:
            raise VaeError(
                f"{name} has {image.width} × {image.height} pixels, {pixels / 1e6:.0f} million; up "
                f"to {most / 1e6:.0f} million are allowed in a {image.format} file."
            )
        image.draft("RGB", (2 * SIDE, 2 * SIDE))  # JPEG: decode at a fraction of the size
        return _on_white(ImageOps.exif_transpose(_small(image)))
    except Image.DecompressionBombError:
        allowed = ", ".join(f"{n / 1e6:.0f} million in {kind}" for kind, n in MOST_PIXELS.items())
        raise VaeError(f"{name} has too many pixels; allowed are up to {allowed}.") from None
    except UnidentifiedImageError:
        raise VaeError(f"{name} is not a picture: PNG, JPEG and WebP can be read.") from None
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise VaeError(f"{name} is a damaged picture: {error}") from None


def for_browser(image: Image.Image, identity: str) -> dict[str, Any]:
    """An RGB image as the pad takes it: uint8 pixels (height, width, 3) in base64.

    In colour for grey models too: the drawing stays when a colour model is chosen.
    """
    return {
        "id": identity,
        "width": image.width,
        "height": image.height,
        "channels": 3,
        "pixels": base64.b64encode(image.tobytes()).decode(),
    }


def _small(image: Image.Image) -> Image.Image:
    """Made small before anything else is done: of large pictures each copy is up to 64 MB.

    16-bit grey becomes 8-bit; palettes and transparent colours become what they stand for.
    """
    if image.mode.startswith("I"):
        grey = np.asarray(image).clip(0, 65535).astype(np.uint16)
        image = Image.fromarray((grey // 257).astype(np.uint8))
    elif image.mode not in _SCALABLE or "transparency" in image.info:
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    return image


def _on_white(image: Image.Image) -> Image.Image:
    """RGB, transparent parts white."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    clear = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear).convert("RGB")
