"""``retail map``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from flows.cli.exit_codes import with_exit_code

if TYPE_CHECKING:
    from tasks.ingest.mapping.propose import Proposal
    from tasks.ingest.readers.first_rows import FirstRows

_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


def map_columns(file: str, *, json: Annotated[bool, Parameter(negative=())] = False) -> int:
    """Show the columns of a file and propose a mapping for --mapping, by the names that are known.

    Parameters
    ----------
    file
        A CSV or Parquet file.
    json
        Print columns and mapping as one line of JSON.
    """

    def command() -> int:
        from flows.cli.json_output import print_object
        from tasks.errors import SettingsError
        from tasks.ingest.discover import discover, replace_undecodable
        from tasks.ingest.mapping.propose import propose
        from tasks.ingest.readers.first_rows import read_first_rows

        discovery = discover([replace_undecodable(file)])
        for error in discovery.failed:
            raise error
        if len(discovery.deliveries) != 1:
            raise SettingsError(
                f"{file!r} holds {len(discovery.deliveries)} deliveries.", "Name one file.", setting="file"
            )
        delivery = discovery.deliveries[0]
        first = read_first_rows(delivery)
        proposal = propose(first.names, first.header_row, delivery.name.rpartition("/")[2])
        if json:
            print_object(_as_json(delivery.name, first, proposal))
        else:
            _print(delivery.name, first, proposal)
        return 0

    return with_exit_code(command, as_json=json)


def _as_json(name: str, first: FirstRows, proposal: Proposal) -> dict[str, Any]:
    return {
        "file": name,
        "header_row": first.header_row,
        "delimiter": first.delimiter or None,
        "columns": [
            {"name": column.strip(), "values": first.values(position)}
            for position, column in enumerate(first.names)
        ],
        "mapping": proposal.toml,
        "undecided": proposal.undecided,
    }


def _print(name: str, first: FirstRows, proposal: Proposal) -> None:
    """Print all but the mapping as comments, so that the output is a mapping's file."""
    from tasks.outside_text import displayable

    separated = f", separated by {_DELIMITERS[first.delimiter]}" if first.delimiter else ""
    print(f"# {displayable(name)}: header in row {first.header_row}{separated}. Columns and first values:")
    width = max(len(displayable(column.strip())) for column in first.names)
    for position, column in enumerate(first.names):
        values = "  |  ".join(map(displayable, first.values(position)))
        print(f"#   {displayable(column.strip()).ljust(width)}  {values}".rstrip())
    print()
    print(proposal.toml)
    if proposal.undecided:
        print("# Undecided, to be filled in above:")
        for column in proposal.undecided:
            print(f"#   {column}")
    print("# Load it: retail etl FILE --mapping THIS_FILE")
