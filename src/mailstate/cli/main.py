"""The `mailstate` group, and the one place where errors become text and an exit code."""

import importlib
import keyword
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from mailstate.cli import output
from mailstate.errors import ExitCode, InterruptedRunError, MailstateError, UsageError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# Name -> what it does: the help needs no command's module.
_COMMANDS = {
    "validate": "Check the state files, without any network.",
    "plan": "Show what would be done to make dimail as the files want it.",
    "apply": "Carry the plan out.",
    "merge": "Make one plan, or one report, of those of all shards.",
    "status": "Show how far each domain is, and the DNS records still to publish.",
    "notify": "Send the way in to those whose letter did not reach them.",
    "explain": "Say all there is to say about one address.",
    "bootstrap": "Set up an empty dimail: its administrator, and a service account.",
    "sandbox": "Start, stop and arrange the embedded dimail.",
    "schema": "Print a JSON Schema: of state files, plans, reports or settings.",
    "fmt": "Write the state files in their canonical form.",
    "import": "Write state files from what dimail has.",
    "snapshot": "Record what dimail has, for plans without credentials.",
    "ci": "Say on the forge what a workflow has to say.",
    "completion": "Print what a shell needs to complete what is typed.",
}


class _Commands(click.Group):
    """Loads a command's module when the command is used, so that `--help` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return super().get_command(ctx, cmd_name)
        # `import` is a word of Python: its module has another name.
        name = f"{cmd_name}_" if keyword.iskeyword(cmd_name) else cmd_name
        module = importlib.import_module(f"mailstate.cli.{name}")
        command: click.Command = module.command
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        from click.shell_completion import CompletionItem  # most runs complete nothing

        # click's own way loads every command for its short help.
        offered = [
            CompletionItem(name, help=what)
            for name, what in _COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return [*offered, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code.value), code.meaning) for code in ExitCode])


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=output.version,
    help="Show the version and exit.",
)
def mailstate() -> None:
    """
    Mail domains, owners, mailboxes and aliases, declared in YAML, on dimail.

    Files under state/ say what is wanted; `plan` shows what that changes, `apply` does it.
    A first try without any server: `mailstate plan --sandbox`.

    Which dimail, and as whom: MAILSTATE_URL, MAILSTATE_USERNAME, and MAILSTATE_PASSWORD or
    MAILSTATE_PASSWORD_FILE. What is no secret may stand in mailstate.toml
    (`mailstate schema settings`).
    """


def run(arguments: Sequence[str]) -> int:
    """Run the command line and give its exit code; nothing but a bug leaves with a traceback."""
    output.prepare()
    # SIGTERM is what CI systems send: it ends a run in the same orderly way as Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        code = _done(arguments)
    except click.exceptions.NoArgsIsHelpError as error:
        output.say(error.format_message())
        return ExitCode.USAGE
    except click.ClickException as error:
        output.show_error(_usage_error(error))
        return ExitCode.USAGE
    except InterruptedRunError as error:
        output.say(error.message)
        return error.exit_code
    except MailstateError as error:
        output.show_error(error)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        output.say("interrupted")
        return ExitCode.INTERRUPTED
    except (BrokenPipeError, SystemExit) as error:
        if isinstance(error, SystemExit) and not error.code:
            return ExitCode.OK  # a shell has asked how a line may go on, and was told
        # Nobody reads our output any more; click says so in its own way, with a code of its own.
        output.give_up(sys.stdout)
        return ExitCode.INTERRUPTED
    return code if isinstance(code, int) else ExitCode.OK


def _done(arguments: Sequence[str]) -> object:
    """What the command gives back, once all that it printed has been taken."""
    try:
        code = mailstate.main(list(arguments), prog_name="mailstate", standalone_mode=False)
        sys.stdout.flush()
    except OSError:
        output.write("")  # which says so if it is standard output that failed: click prints, too
        raise
    return code


def _usage_error(error: click.ClickException) -> UsageError:
    """What click found wrong, told like everything else that is wrong."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    path = context.command_path if context else "mailstate"
    message = error.format_message().rstrip(".")
    return UsageError(f"{message[:1].lower()}{message[1:]}", hint=f"see `{path} --help`")
