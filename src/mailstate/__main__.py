"""The `mailstate` command."""

import sys


def main() -> None:
    """Run the command line; exits with a code of `mailstate.errors.ExitCode`."""
    if sys.argv[1:] == ["--version"]:
        # Answered before anything is imported: scripts ask this often.
        from mailstate import __version__  # noqa: PLC0415

        sys.stdout.write(f"mailstate {__version__}\n")
        return
    from mailstate.cli import run  # noqa: PLC0415

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
