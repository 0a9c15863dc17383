"""The body of an answer, unpacked within bounds."""

import zlib
from dataclasses import replace

from mailstate.dimail.answer import Answer
from mailstate.dimail.line import LONGEST_ANSWER, NOT_PACKED, TOO_LONG, Trouble

# Some servers leave out the head and the sum that belong to `deflate`.
_FORMS = {"gzip": (zlib.MAX_WBITS | 16,), "deflate": (zlib.MAX_WBITS, -zlib.MAX_WBITS)}


def unpacked(answer: Answer) -> Answer | Trouble:
    """*answer* with its body as it was before it was packed."""
    # Those two unpack to a thousand times their size at most, and no further than to what is
    # bearable; what is packed twice, or in another way, is not looked at.
    packing = answer.header(b"content-encoding")
    if packing is None:
        return answer
    packing = packing.strip().lower()
    if packing == "identity":
        return answer
    for form in _FORMS.get(packing, ()):
        try:
            body = zlib.decompressobj(form).decompress(answer.body, LONGEST_ANSWER + 1)
        except zlib.error:
            continue
        return TOO_LONG if len(body) > LONGEST_ANSWER else replace(answer, body=body)
    return NOT_PACKED
