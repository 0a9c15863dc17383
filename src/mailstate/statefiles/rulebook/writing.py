"""The rules of files, of YAML and of the schema: how things are written."""

from mailstate.statefiles.rulebook.rule import Rule

WRITING = (
    Rule(
        id="file/missing",
        title="The path does not exist",
        reason="A state directory that is not there must never read as one that asks for nothing.",
        remedy="name the directory or file with --state, or run this where it lies",
    ),
    Rule(
        id="file/nothing-found",
        title="The directory holds no state file",
        reason="An empty directory is more often a wrong path than a wish for nothing.",
        remedy="put a `.yaml` or `.yml` file there, or name another directory",
    ),
    Rule(
        id="file/symbolic-link",
        title="A symbolic link among the state files",
        reason="A link in a stranger's pull request could point to any file of the machine that"
        " reads it; links are neither opened nor followed.",
        remedy="put the file itself in its place",
    ),
    Rule(
        id="file/not-regular",
        title="A pipe, socket or device among the state files",
        reason="Reading it could wait for ever; it is never opened.",
        remedy="remove it, or begin its name with a dot",
    ),
    Rule(
        id="file/unreadable",
        title="A file or folder that cannot be read",
        reason="What it declares is unknown, and unknown is not the same as nothing.",
        remedy="give the account that runs mailstate the right to read it",
    ),
    Rule(
        id="file/too-large",
        title="A file of more than 32 MiB",
        reason="A runner's memory must not be at the mercy of a pull request.",
        remedy="split the file; any number of files may be used",
    ),
    Rule(
        id="file/too-many-problems",
        title="More than 5,000 problems",
        reason="Nobody reads so many, and a stranger's file must not fill the memory with them.",
        remedy="mend those that are told, then run it again",
    ),
    Rule(
        id="yaml/encoding",
        title="Not UTF-8",
        reason="State files are UTF-8, so that every editor and every machine shows"
        " the same names.",
        remedy="save the file as UTF-8",
    ),
    Rule(
        id="yaml/control-character",
        title="A character that cannot be seen",
        reason="Control characters, and those that turn the direction of text, let a review show"
        " something other than what is read.",
        remedy="remove the character",
    ),
    Rule(
        id="yaml/syntax",
        title="Not YAML",
        reason="A parser cannot go on after such a place: what follows it in this file is not"
        " looked at yet.",
        remedy="mend this place, then run it again",
    ),
    Rule(
        id="yaml/tab",
        title="A tab outside quotes",
        reason="How wide a tab is depends on the editor, while YAML counts it as one column or"
        " refuses it, so that a file may not be what it looks like.",
        remedy="use blanks",
    ),
    Rule(
        id="yaml/directive",
        title="A `%` directive",
        reason="Directives change how the rest is read; nothing here needs one.",
        remedy="remove the line",
    ),
    Rule(
        id="yaml/second-document",
        title="A second document in one file",
        reason="Many readers take the first and drop the others in silence.",
        remedy="put it in a file of its own, or below the same `users` and `domains`",
    ),
    Rule(
        id="yaml/tag",
        title="A tag",
        reason="Tags make other types, or objects of a program, out of a text.",
        remedy="remove the tag; put text in quotes where it needs them",
    ),
    Rule(
        id="yaml/merge-key",
        title="A merge key",
        reason="`<<` is of YAML 1.1 only: half of the readers take it for a field.",
        remedy="write the fields out",
    ),
    Rule(
        id="yaml/key-not-text",
        title="A key that is not plain text",
        reason="Lists, mappings, numbers, booleans or aliases as keys mean different things to"
        " different readers; every field's name is text.",
        remedy="write the name of a field before the colon",
    ),
    Rule(
        id="yaml/duplicate-key",
        title="The same key twice in one mapping",
        reason="Readers keep one and drop the other in silence.",
        remedy="keep one of the two, or put both together",
    ),
    Rule(
        id="yaml/ambiguous-scalar",
        title="A text without quotes that may be read as something else",
        reason="`no`, `1e3`, `010`, `12:30`, `2024-01-01` are booleans, numbers and dates to some"
        " readers of YAML 1.1 or 1.2, and text to others.",
        remedy="put it in quotes",
    ),
    Rule(
        id="yaml/empty-value",
        title="A key or list item with nothing after it",
        reason="Nothing can be a forgotten value, an empty text or an empty list; the file does"
        " not say which.",
        remedy="write the value, `[]` for an empty list, or remove the line",
    ),
    Rule(
        id="yaml/anchor-twice",
        title="An anchor set twice",
        reason="Which of the two an alias means depends on where it stands.",
        remedy="give one of the anchors another name",
    ),
    Rule(
        id="yaml/undefined-alias",
        title="An alias without an anchor",
        reason="It stands for nothing.",
        remedy="set the anchor further up in the same file, or put the text in quotes",
    ),
    Rule(
        id="yaml/recursive-alias",
        title="An alias within what it stands for",
        reason="It would contain itself, without end.",
        remedy="write out what is meant",
    ),
    Rule(
        id="yaml/too-many-aliases",
        title="More than 100 aliases in a file",
        reason="A few aliases spare typing; many make a file that nobody can review, or a bomb.",
        remedy="write the values out",
    ),
    Rule(
        id="yaml/alias-expansion",
        title="Aliases that stand for too much",
        reason="Aliases of aliases grow without bound: a few lines can stand for billions of"
        " values.",
        remedy="write the values out",
    ),
    Rule(
        id="yaml/too-deep",
        title="Values nested more than 32 deep",
        reason="Nothing in these files is deeper than six; deep nesting only exhausts a reader.",
        remedy="remove the brackets, braces or levels of indentation that are too many",
    ),
    Rule(
        id="yaml/declares-nothing",
        title="A file that declares nothing",
        reason="An empty file is more often one that was lost than one that was meant.",
        remedy="remove the file, or declare `users` or `domains` in it",
    ),
    Rule(
        id="schema/wrong-type",
        title="A value of another type than the field takes",
        reason="A number, boolean, text, list or mapping where another of them is meant cannot be"
        " taken at its word.",
        remedy="write what the field takes",
    ),
    Rule(
        id="schema/unknown-field",
        title="A field that there is not",
        reason="What is written must have an effect; a misspelt field would be dropped in silence.",
        remedy="correct the name of the field, or remove it",
    ),
    Rule(
        id="schema/missing-field",
        title="A field that must be there is not",
        reason="There is no sensible value to put in its place.",
        remedy="add the field",
    ),
    Rule(
        id="schema/unknown-value",
        title="A word that is not one of those the field takes",
        reason="dimail knows a closed list of words there.",
        remedy="use one of the words listed",
    ),
    Rule(
        id="schema/too-few",
        title="A list or mapping without entries where one is needed",
        reason="It would ask for nothing.",
        remedy="add an entry, or remove the whole",
    ),
    Rule(
        id="schema/form",
        title="A value that does not have the form the schema asks for",
        reason="The schema is what editors go by; no value may pass here that they would refuse.",
        remedy="see the field's description in `mailstate schema`",
    ),
)
