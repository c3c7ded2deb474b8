"""Bits as strings of 0 and 1, and the codes of ISO/IEC 14496-10 clause 9.1.

A string is the fastest bit buffer that pure Python has: runs are a multiplication, and
int(bits, 2) is linear.
"""


def u(width: int, value: int) -> str:
    """u(n): an unsigned integer of a fixed number of bits."""
    return f"{value:0{width}b}"


def ue(value: int) -> str:
    """ue(v): unsigned Exp-Golomb."""
    code = f"{value + 1:b}"
    return "0" * (len(code) - 1) + code


def se(value: int) -> str:
    """se(v): signed Exp-Golomb, in the order 0, 1, -1, 2, -2 (Table 9-3)."""
    return ue(2 * value - 1 if value > 0 else -2 * value)


def packed(bits: str, fill: str = "0") -> bytes:
    """The bits as bytes, the last one filled up with `fill`."""
    bits += fill * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")
