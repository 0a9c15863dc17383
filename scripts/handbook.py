#!/usr/bin/env python3
"""A hook of mkdocs: the README of the repository is a page of the site, and linked as one."""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

README = Path(__file__).parent.parent / "README.md"
HANDBOOK = "handbook.md"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the README, which lies above the folder of all other pages."""
    files.append(File.generated(config, HANDBOOK, content=README.read_text("utf-8")))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Have links to and from the README lead where its page is."""
    if page.file.src_uri == HANDBOOK:
        return re.sub(r"\]\(docs/", "](", markdown)
    return re.sub(r"\]\(((?:\.\./)*)\.\./README\.md", rf"](\g<1>{HANDBOOK}", markdown)
