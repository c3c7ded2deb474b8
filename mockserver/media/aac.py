"""AAC-LC silence (ISO/IEC 14496-3): one channel at 48 kHz, every frame the same four bytes."""

from understudy.mockserver.media.bits import packed, u

RATE = 48000
FRAME = 1024
"""Samples in a frame."""


def config() -> bytes:
    """AudioSpecificConfig (1.6.2.1): AAC-LC, 48 kHz (index 3), one channel, frames of 1024."""
    return packed(u(5, 2) + u(4, 3) + u(4, 1) + "000")


def silence() -> bytes:
    """raw_data_block() (4.4.2.1): a channel without scale factor bands, then the end."""
    element = u(3, 0) + u(4, 0)  # ID_SCE, element_instance_tag
    ics_info = "0" + u(2, 0) + "0" + u(6, 0) + "0"  # one long window, max_sfb 0, no prediction
    tools = "000"  # no pulse data, no TNS, no gain control
    return packed(element + u(8, 0) + ics_info + tools + u(3, 7))
