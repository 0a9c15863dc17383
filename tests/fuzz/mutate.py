"""Bytes that are nearly state files: what a mutator makes of the corpus."""

import random
from collections.abc import Sequence
from pathlib import Path

CORPUS = Path(__file__).parent.parent / "corpus"

# What YAML, and this product, give a meaning to.
TOKENS = [
    *(b"- ", b": ", b"? ", b"# ", b"\n", b"\r\n", b"\r", b"\t", b"[", b"]", b"{", b"}", b", "),
    *(b"&a ", b"*a", b"*a, ", b"!", b"!!str ", b"!<x> ", b"<<: ", b"|", b">-\n", b"%YAML 1.1\n"),
    *(b"'", b'"', b"\\", b"\\x00", b"\\ud800", b"\\U00110000", b"---\n", b"...\n", b"@", b"`"),
    *(b"\x00", b"\x07", b"\x7f", b"\xc2\x85", b"\xe2\x80\xa8", b"\xe2\x80\xae", b"\xef\xbb\xbf"),
    *(b"\xff", b"\xff\xfe", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xf0\x9f\x8c\xbb"),
    *(b"no", b"~", b"null", b"true", b"false", b"1e3", b"010", b"12:30", b"2024-01-01", b".inf"),
    *(b"users", b"domains", b"mailboxes", b"aliases", b"owners", b"accesses", b"destinations"),
    *(b"name", b"uuid", b"local_part", b"first_name", b"features", b"webmail", b"oxadmin"),
    *(b"a.example", b"xn--", b"a@a.example", b"devnull@devnull", b"owner", b"alice", b".", b"@"),
    *(b"[" * 50, b"{a: " * 50, b"- " * 50, b"a" * 300, b"\xc3\xa9" * 300, b" " * 80, b"&a [*a,"),
]


def seeds() -> list[bytes]:
    """The content of every file of the corpus, the smaller ones of the example included."""
    state = Path(__file__).parents[2] / "state"
    files = [*sorted(CORPUS.rglob("*.yaml")), *sorted(state.rglob("*.yaml"))]
    return [path.read_bytes() for path in files]


def mutated(corpus: Sequence[bytes], chance: random.Random) -> bytes:
    """One of *corpus*, changed in one to eight places."""
    data = bytearray(chance.choice(corpus))
    for _ in range(chance.choice((1, 1, 2, 3, 5, 8))):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(8):
            case 0:
                del data[at : at + chance.choice((1, 2, 8, 64))]
            case 1:
                data[at:at] = data[at : at + chance.choice((1, 8, 64, 512))] * chance.choice((1, 9))
            case 2 if data:
                data[at % len(data)] ^= 1 << chance.randrange(8)
            case 3:
                data[at:at] = chance.randbytes(chance.choice((1, 2, 4)))
            case 4:
                other = chance.choice(corpus)
                start = chance.randrange(len(other) + 1)
                data[at:at] = other[start : start + chance.choice((8, 64, 512))]
            case 5:
                lines = bytes(data).split(b"\n")
                chance.shuffle(lines)
                data = bytearray(b"\n".join(lines))
            case _:
                data[at:at] = chance.choice(TOKENS)
    return bytes(data[:65_536])
