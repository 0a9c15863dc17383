"""A file to what it says: by the scanner where that is sure, else by the builder."""

from mailstate.statefiles.marks import Document
from mailstate.statefiles.scanner import scan
from mailstate.statefiles.text import decode


def read_document(
    file: str, data: bytes, *, libyaml: bool | None = None, tables: bool = False
) -> Document:
    """
    What *data*, the content of *file*, says, and all that is wrong with it as YAML.

    The scanner reads what it is sure of, which is most files, and says the same of them; with
    *tables*, it may put tables where lists of mailboxes are. Where *libyaml* is given, nobody reads
    but libyaml, or PyYAML's own parser if it is false.
    """
    text, problems = decode(file, data)
    if text is None:
        return Document(file=file, problems=problems)
    root = scan(text, tables=tables) if libyaml is None else None
    if root is not None:
        return Document(file=file, root=root, is_readable=True)
    # PyYAML takes longer to load than most trees take to read, and most need none of it.
    from mailstate.statefiles.builder import build  # noqa: PLC0415

    return build(file, text, libyaml=libyaml)
