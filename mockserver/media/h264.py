"""H.264 in Constrained Baseline (ISO/IEC 14496-10): flat tiles, then frames that repeat them.

Every macroblock is Intra16x16 with at most a DC residual, or P_Skip. The deblocking filter is
off, and one level is exactly STEP in the picture, so every decoder shows the same colours.
"""

import re
from functools import lru_cache
from itertools import pairwise

from understudy.mockserver.media.bits import packed, se, u, ue
from understudy.mockserver.media.pattern import Colour

FPS = 24
MACROBLOCK = 16
FRAME_NUM_BITS = 8

# Table A-1: level_idc, MaxMBPS (macroblocks a second), MaxFS (macroblocks a frame). Levels left out
# have the same two numbers as the one before.
LEVELS = (
    (10, 1485, 99),
    (11, 3000, 396),
    (12, 6000, 396),
    (13, 11880, 396),
    (21, 19800, 792),
    (22, 20250, 1620),
    (30, 40500, 1620),
    (31, 108000, 3600),
    (32, 216000, 5120),
    (40, 245760, 8192),
    (42, 522240, 8704),
    (50, 589824, 22080),
    (51, 983040, 36864),
)

# 8.5.10: at QP 40 the luma DC is scaled by 256, and the transform divides by 64. The offset of -4
# brings chroma to QP 34 (Table 8-15), where 8.5.11 gives the same factor.
QP = 40
CHROMA_QP_OFFSET = -4
STEP = 4

# Intra16x16PredMode and intra_chroma_pred_mode (Tables 8-4 and 8-5) number their modes apart.
DC = (2, 0)
VERTICAL = (0, 2)

# nal_ref_idc and nal_unit_type (Table 7-1).
SLICE, IDR_SLICE, SPS, PPS = b"\x41", b"\x65", b"\x67", b"\x68"
P_TYPE, I_TYPE = 5, 7  # Table 7-6: all slices of the picture have this type


def level(wide: int, high: int) -> int:
    """The lowest level_idc for a size in macroblocks at 24 fps (A.3.1); ValueError if none."""
    size = wide * high
    for level_idc, rate, frame in LEVELS:
        if size <= frame and size * FPS <= rate and max(wide, high) ** 2 <= 8 * frame:
            return level_idc
    raise ValueError(f"no level holds {wide * MACROBLOCK}x{high * MACROBLOCK} at {FPS} fps")


def macroblocks(length: int) -> int:
    """How many macroblocks cover so many samples."""
    return -(-length // MACROBLOCK)


def sps(width: int, height: int) -> bytes:
    """The sequence parameter set (7.3.2.1.1) of a picture of this even size."""
    wide, high = macroblocks(width), macroblocks(height)
    return _nal(
        SPS,
        u(8, 66),  # profile_idc: Baseline
        u(8, 0b11000000),  # constraint_set0 and 1: also Main, hence Constrained Baseline
        u(8, level(wide, high)),
        ue(0),
        ue(FRAME_NUM_BITS - 4),
        ue(2),  # pic_order_cnt_type: output order is decoding order
        ue(1),  # max_num_ref_frames
        "0",
        ue(wide - 1),
        ue(high - 1),
        "11",  # frame_mbs_only_flag, direct_8x8_inference_flag
        _cropping(wide * MACROBLOCK - width, high * MACROBLOCK - height),
        "1" + _vui(),
    )


def pps() -> bytes:
    """The picture parameter set (7.3.2.2)."""
    return _nal(
        PPS,
        ue(0) + ue(0),
        "00",  # entropy_coding_mode_flag: CAVLC
        ue(0) + ue(0) + ue(0),
        "000",
        se(QP - 26),
        se(0),
        se(CHROMA_QP_OFFSET),
        "100",  # deblocking_filter_control_present_flag
    )


def idr(picture: list[list[Colour]], columns: list[int], rows: list[int], number: int) -> bytes:
    """An IDR picture of tiles; columns and rows are their sizes in macroblocks.

    The first line of macroblocks is predicted from the left, all below from above: only where
    the colour changes is there a residual. `number` is the idr_pic_id.
    """
    grey = 128, 128, 128
    line: list[str] = []
    left = grey  # 8.3.3.3: a DC prediction without neighbours
    for colour, width in zip(picture[0], columns, strict=True):
        line += (_macroblock(DC, left, colour), _macroblock(DC, grey, grey) * (width - 1))
        left = colour
    copied = _macroblock(VERTICAL, grey, grey) * sum(columns)
    lines = [_slice_header(I_TYPE, 0, ue(number), "00"), *line, copied * (rows[0] - 1)]
    for (above, colours), height in zip(pairwise(picture), rows[1:], strict=True):
        for old, new, width in zip(above, colours, columns, strict=True):
            lines.append(_macroblock(VERTICAL, old, new) * width)
        lines.append(copied * (height - 1))
    return _nal(IDR_SLICE, *lines)


def repeat(frame_num: int, size: int) -> bytes:
    """A P picture that repeats the one before: one run of P_Skip over `size` macroblocks."""
    # Two flags after frame_num: no override of the number of references, no reordering of them.
    return _nal(SLICE, _slice_header(P_TYPE, frame_num, "00", "0"), ue(size))


def _slice_header(slice_type: int, frame_num: int, middle: str, marking: str) -> str:
    """7.3.3; `middle` is what stands between frame_num and dec_ref_pic_marking()."""
    first = ue(0) + ue(slice_type) + ue(0) + u(FRAME_NUM_BITS, frame_num)
    return first + middle + marking + se(0) + ue(1)  # disable_deblocking_filter_idc


def _cropping(right: int, bottom: int) -> str:
    """7.4.2.1.1: in 4:2:0 frames a unit of cropping is two samples."""
    if not right and not bottom:
        return "0"
    return "1" + ue(0) + ue(right // 2) + ue(0) + ue(bottom // 2)


def _vui() -> str:
    """E.1.1: the colours are BT.709, the rate is fixed, and nothing is reordered."""
    colours = "1" + u(3, 5) + "0" + "1" + u(8, 1) * 3
    timing = "1" + u(32, 1) + u(32, 2 * FPS) + "1"  # a tick is a field
    restriction = "11" + ue(0) * 4 + ue(0) + ue(1)
    return "00" + colours + "0" + timing + "000" + restriction


@lru_cache(maxsize=8192)
def _macroblock(mode: tuple[int, int], predicted: Colour, wanted: Colour) -> str:
    """macroblock_layer() of one Intra16x16 macroblock (7.3.5).

    AC is never coded, so each neighbour counts as empty and nC of the luma DC is always 0 (9.2.1).
    """
    y, cb, cr = ((new - old) // STEP for new, old in zip(wanted, predicted, strict=True))
    luma_mode, chroma_mode = mode
    coloured = bool(cb or cr)
    mb_type = 1 + luma_mode + 4 * coloured  # Table 7-11: CodedBlockPatternChroma 1 is DC only
    bits = ue(mb_type) + ue(chroma_mode) + se(0) + _residual(y, ("1", "01", "000101"))
    if coloured:
        # The column of Table 9-5 for ChromaDCLevel, nC == -1.
        bits += _residual(cb, ("01", "1", "000111")) + _residual(cr, ("01", "1", "000111"))
    return bits


def _residual(level: int, tokens: tuple[str, str, str]) -> str:
    """residual_block_cavlc() of a DC level alone (7.3.5.3.2).

    The coeff_tokens (Table 9-5) are for no coefficient, one trailing one, and one other level.
    The last bit says total_zeros 0 (Tables 9-7 and 9-9).
    """
    none, trailing_one, other = tokens
    if level == 0:
        return none
    sign = "1" if level < 0 else "0"
    if abs(level) == 1:
        return trailing_one + sign + "1"
    return other + _level(level) + "1"


def _level(level: int) -> str:
    """level_prefix and level_suffix where suffixLength is 0 (9.2.2.1).

    The first level that is no trailing one is at least 2, so codes start there.
    """
    code = 2 * abs(level) - 4 + (level < 0)
    if code < 14:
        return "0" * code + "1"
    if code < 30:
        return "0" * 14 + "1" + u(4, code - 14)
    return "0" * 15 + "1" + u(12, code - 30)


def _nal(header: bytes, *rbsp: str) -> bytes:
    """A NAL unit: rbsp_trailing_bits() (7.3.2.11), then emulation prevention (7.4.1)."""
    payload = packed("".join((*rbsp, "1")))
    return header + re.sub(rb"\0\0(?=[\0-\3])", b"\0\0\3", payload)
