"""The rules of what is declared: single values, and how they go together across files."""

from mailstate.errors import Severity
from mailstate.statefiles.rulebook.rule import Rule

_VALUES = (
    Rule(
        id="handle-form",
        title="A handle with other characters, or too long",
        reason="Handles are names for reviewers: `[a-z0-9][a-z0-9._-]*`, up to 64 characters.",
        remedy="use small letters without accents, digits, `.`, `_` and `-`",
    ),
    Rule(
        id="uuid-form",
        title="Not a uuid",
        reason="dimail's users are named by the uuid that ProConnect gives; any"
        " other name would belong to nobody.",
        remedy="copy the `sub` that ProConnect gives: 32 hex digits, with or without hyphens",
    ),
    Rule(
        id="email-form",
        title="Not an e-mail address",
        reason="Letters to it would be lost. Taken are addresses of RFC 5321 without quotes or"
        " comments, 254 characters at most; the part before the `@` in ASCII, as dimail's"
        " columns are.",
        remedy="write `name@domain.tld`",
    ),
    Rule(
        id="domain-form",
        title="Not a domain name that dimail and its databases take",
        reason="dimail accepts any text as a name and cannot remove it afterwards:"
        " lower case, two labels or more, 63 characters a label and 128 in all as A-labels,"
        " and IDNA 2008 (RFC 5891).",
        remedy="write the domain as in `commune.example`",
    ),
    Rule(
        id="local-part-form",
        title="A local part with other characters, or too long",
        reason="`[a-z0-9_.-]`, up to 64 characters (RFC 5321 §4.5.3.1.1), no dot at either end, no"
        " two together. dimail compares case and would take two spellings for two mailboxes.",
        remedy="use small letters without accents, digits, `.`, `_` and `-`",
    ),
    Rule(
        id="local-part-reserved",
        title="A local part that belongs to Open-Xchange",
        reason="Each context has its own technical account `oxadmin`.",
        remedy="choose another local part",
    ),
    Rule(
        id="text-blank",
        title="A name with nothing in it",
        reason="First and last name are required, and are what correspondents see.",
        remedy="write the name",
    ),
    Rule(
        id="text-blank-ends",
        title="A text with blanks at an end",
        reason="Two names that differ by a blank look the same to reviewers and differ to dimail.",
        remedy="remove the blanks at the ends",
    ),
    Rule(
        id="text-control-character",
        title="A text with a line break or a character that cannot be seen",
        reason="It would go to mail headers and to the screen as it is.",
        remedy="remove it; in a block text, `|-` and `>-` leave out the last line break",
    ),
    Rule(
        id="text-too-long",
        title="A text of more than 200 characters",
        reason="The databases behind dimail answer 500 to what does not fit.",
        remedy="shorten it",
    ),
)

_PEOPLE = (
    Rule(
        id="handle-declared-twice",
        title="A handle declared twice",
        reason="Files would name one person and mean two.",
        remedy="keep one of the two, or give one another handle",
    ),
    Rule(
        id="uuid-declared-twice",
        title="A uuid declared twice",
        reason="One person would have two handles, and two roles without anybody seeing it.",
        remedy="keep one of the two users",
    ),
    Rule(
        id="unknown-handle",
        title="A handle that no file declares",
        reason="An access for nobody.",
        remedy="declare the user under `users`, or correct the handle",
    ),
    Rule(
        id="domain-without-owner",
        title="A domain without an owner",
        reason="Somebody must answer for a domain, and publish its DNS records.",
        remedy="name at least one handle under `owners`",
    ),
    Rule(
        id="owner-in-accesses",
        title="`owner` as a role among the accesses",
        reason="Owners have a list of their own, so that a review finds them in one place.",
        remedy="move the handle to `owners`",
    ),
    Rule(
        id="access-declared-twice",
        title="The same access twice",
        reason="Twice is an error, identical or not: one of the two is forgotten when"
        " the access is to end.",
        remedy="remove one of the two",
    ),
    Rule(
        id="user-with-two-roles",
        title="A user with two roles on one domain",
        reason="Nobody could tell which of them holds.",
        remedy="keep one of the two roles",
    ),
)

_DOMAINS = (
    Rule(
        id="domain-declared-twice",
        title="A domain declared twice",
        reason="Two files would both be the truth about one domain. Spellings are compared as"
        " A-labels: `café.example` is `xn--caf-dma.example`.",
        remedy="put both together in one entry",
    ),
    Rule(
        id="feature-declared-twice",
        title="A feature listed twice",
        reason="dimail keeps both, and the domain would then differ for ever.",
        remedy="remove one of the two",
    ),
    Rule(
        id="context-without-webmail",
        title="A context on a domain without webmail",
        reason="dimail ignores the context of such a domain; what is written must have an effect.",
        remedy="remove `context`, or add `webmail` to `features`",
    ),
    Rule(
        id="mailboxes-without-feature",
        title="Mailboxes on a domain without the feature `mailbox`",
        reason="dimail creates them all the same, and then refuses to change or delete them.",
        remedy="add `mailbox` to `features`, or remove the mailboxes",
    ),
    Rule(
        id="aliases-without-feature",
        title="Aliases on a domain without the feature `alias`",
        reason="dimail does not look at the feature when it stores them.",
        remedy="add `alias` to `features`, or remove the aliases",
    ),
)

_MAILBOXES = (
    Rule(
        id="mailbox-declared-twice",
        title="A mailbox declared twice",
        reason="Two persons would share one address. Compared without case.",
        remedy="keep one of the two, or give one another local part",
    ),
    Rule(
        id="full-name-not-unique",
        title="First and last name not unique within the OX context",
        reason="dimail of 2024 makes the display name from first and last name, whatever is asked"
        " for, and Open-Xchange takes each display name once per context, without"
        " regard to case: the second creation ends in a 500 and a half-made mailbox.",
        remedy="add a second first name or an initial to one of the two",
    ),
    Rule(
        id="display-name-not-unique",
        title="Display name not unique within the OX context",
        reason="Open-Xchange takes each display name once per context, without regard to case:"
        " the second creation ends in a 500.",
        remedy="give one of the two another `display_name`",
    ),
    Rule(
        id="secondary-email-is-mailbox",
        title="The secondary address is the mailbox itself",
        reason="The way into a mailbox would be sent to the mailbox that nobody can open yet.",
        remedy="write an address that its holder can read today, or leave it out",
    ),
    Rule(
        id="secondary-email-on-domain",
        title="The secondary address lies on the mailbox's own domain",
        reason="The letter goes out while the domain is being set up, and somebody else's mailbox"
        " there is not where a way in belongs.",
        remedy="write an address on another domain, or leave it out",
    ),
    Rule(
        id="local-part-in-context",
        title="The same local part on two webmail domains of one context",
        reason="dimail of 2024 uses the bare local part as Open-Xchange's user name: the second"
        " creation may fail.",
        remedy="give one of them another local part, or one of the domains another context",
        severity=Severity.WARNING,
    ),
    Rule(
        id="secondary-email-shared",
        title="A secondary address used for more than ten mailboxes",
        reason="Whoever reads it gets the way into all of them.",
        remedy="write each holder's own address",
        severity=Severity.WARNING,
    ),
)

_ALIASES = (
    Rule(
        id="alias-declared-twice",
        title="An alias declared twice",
        reason="Its destinations would be found in one place and sought in another.",
        remedy="put the destinations together in one entry",
    ),
    Rule(
        id="destination-declared-twice",
        title="A destination listed twice",
        reason="Letters would not arrive twice, but whoever removes one of the two would think"
        " that it ends. Compared without case and as A-labels.",
        remedy="remove one of the two",
    ),
    Rule(
        id="alias-over-mailbox",
        title="An alias on the address of a mailbox",
        reason="Its letters would go to the destinations and no longer to the mailbox.",
        remedy="add the mailbox's own address to the destinations if it is to keep a copy, else"
        " remove one of the two",
    ),
    Rule(
        id="destination-nowhere",
        title="A destination that is on a declared domain and does not exist there",
        reason="Letters to it would bounce.",
        remedy="declare it as a mailbox or alias there, or correct the address",
    ),
    Rule(
        id="alias-loop",
        title="Aliases that lead back to themselves",
        reason="Letters would go round until the server gives up.",
        remedy="remove one of the destinations on the way",
    ),
)

MEANING = (*_VALUES, *_PEOPLE, *_DOMAINS, *_MAILBOXES, *_ALIASES)
