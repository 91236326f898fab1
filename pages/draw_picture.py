"""Pictures for the Draw page, uploaded or taken with a camera: read safely, made small."""

from __future__ import annotations

import base64
import io
import warnings
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image, ImageOps, UnidentifiedImageError

from pages.look import plain
from vae.errors import VaeError

FORMATS = ("PNG", "JPEG", "WEBP")
MOST_MEGABYTES = 20
MOST_PIXELS = 50_000_000  # a decoder's memory; cameras make 12 to 50 million
SIDE = 256  # pixels of the longer side: more than any model here sees


def choose_picture(channels: int) -> dict[str, Any] | None:
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
            image = read_picture(chosen.getvalue(), chosen.name)
        except VaeError as error:
            st.error(plain(str(error)), icon=":material/error:")
            return None
        st.caption("It is on the pad; you can draw on it.")
    return for_browser(image, channels, chosen.file_id)


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
        if (pixels := image.width * image.height) > MOST_PIXELS:
            raise VaeError(
                f"{name} has {image.width} × {image.height} pixels, {pixels / 1e6:.0f} million; up "
                f"to {MOST_PIXELS / 1e6:.0f} million are allowed."
            )
        image.draft("RGB", (2 * SIDE, 2 * SIDE))  # JPEG: decode at a fraction of the size
        return _small(_on_white(ImageOps.exif_transpose(image)))
    except Image.DecompressionBombError as error:
        raise VaeError(f"{name} has too many pixels: {error}") from None
    except UnidentifiedImageError:
        raise VaeError(f"{name} is not a picture: PNG, JPEG and WebP can be read.") from None
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise VaeError(f"{name} is a damaged picture: {error}") from None


def for_browser(image: Image.Image, channels: int, identity: str) -> dict[str, Any]:
    """An RGB image as the pad takes it: uint8 pixels (height, width, channels) in base64."""
    pixels = np.asarray(image.convert("L") if channels == 1 else image)
    return {
        "id": identity,
        "width": image.width,
        "height": image.height,
        "channels": channels,
        "pixels": base64.b64encode(pixels.tobytes()).decode(),
    }


def _small(image: Image.Image) -> Image.Image:
    image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    return image


def _on_white(image: Image.Image) -> Image.Image:
    """RGB, transparent parts white; 16-bit grey keeps its range."""
    if image.mode.startswith("I"):
        grey = np.asarray(image).astype(np.float64) / 257
        return Image.fromarray(grey.clip(0, 255).round().astype(np.uint8)).convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    clear = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear).convert("RGB")
