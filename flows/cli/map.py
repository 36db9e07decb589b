"""``retail map``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from flows.cli.exit_codes import with_exit_code

if TYPE_CHECKING:
    from tasks.ingest.discover import Delivery
    from tasks.ingest.mapping.propose import Proposal
    from tasks.ingest.presets.ranking import Fit
    from tasks.ingest.presets.recognise import Recognition
    from tasks.ingest.readers.first_rows import FirstRows

_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


def map_columns(
    file: str,
    *,
    preset: str | None = None,
    encoding: str | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Show the columns of a file and the preset that reads it, else propose a mapping for --mapping.

    Parameters
    ----------
    file
        A CSV or Parquet file.
    preset
        Print this preset as the start of a mapping of your own.
    encoding
        Encoding of a text file. Default: UTF-8, with Windows-1252 for lines that are not.
    json
        Print columns, presets and mapping as one line of JSON.
    """

    def command() -> int:
        from flows.cli.json_output import print_object
        from tasks.ingest.encodings import checked_encoding
        from tasks.ingest.mapping.propose import propose
        from tasks.ingest.presets.own import as_own_mapping
        from tasks.ingest.presets.recognise import recognise
        from tasks.ingest.reading import ReadingSettings

        known = None if encoding is None else checked_encoding(encoding)
        delivery = _delivery(file)
        file_name = delivery.name.rpartition("/")[2]
        if preset:
            own = as_own_mapping(preset, file_name)
            if json:
                print_object({"file": delivery.name, "preset": preset, "mapping": own})
            else:
                print(own, end="")
            return 0
        found = recognise(delivery, ReadingSettings(known))
        first, proposal = found.first, None
        if found.chosen is None and found.no_lines is None:
            proposal = propose(first.names, first.header_row, file_name, first.rows)
        if json:
            print_object(_as_json(delivery, found, proposal))
        else:
            _print(delivery, found, proposal, known)
        return 0

    return with_exit_code(command, as_json=json)


def _delivery(file: str) -> Delivery:
    from tasks.errors import SettingsError
    from tasks.ingest.discover import discover, replace_undecodable

    discovery = discover([replace_undecodable(file)])
    for error in discovery.failed:
        raise error
    if len(discovery.deliveries) != 1:
        raise SettingsError(
            f"{file!r} holds {len(discovery.deliveries)} deliveries.", "Name one file.", setting="file"
        )
    return discovery.deliveries[0]


def _as_json(delivery: Delivery, found: Recognition, proposal: Proposal | None) -> dict[str, Any]:
    first = found.first
    return {
        "file": delivery.name,
        "header_row": first.header_row,
        "delimiter": first.delimiter or None,
        "columns": [
            {"name": column.strip(), "values": _values(first, position)}
            for position, column in enumerate(first.names)
        ],
        "preset": found.chosen.name if found.chosen else None,
        "presets": [_fit_as_json(found, fit) for fit in _shown(found)],
        "no_lines": {"title": found.no_lines.title, "answer": found.no_lines.answer}
        if found.no_lines
        else None,
        "mapping": proposal.toml if proposal else None,
        "undecided": proposal.undecided if proposal else [],
    }


def _fit_as_json(found: Recognition, fit: Fit) -> dict[str, Any]:
    proof = found.proofs.get(fit.preset.name)
    return {
        "name": fit.preset.name,
        "title": fit.preset.title,
        "missing": fit.missing,
        "forbidden": fit.forbidden,
        "unknown": fit.unknown,
        "rows": proof.rows if proof else None,
        "lines": proof.lines if proof else None,
        "problems": [*proof.problems, *proof.sums] if proof else [],
    }


def _shown(found: Recognition) -> list[Fit]:
    from tasks.ingest.presets.ranking import near_misses

    return [*found.candidates] or near_misses(found.fits)


def _print(delivery: Delivery, found: Recognition, proposal: Proposal | None, encoding: str | None) -> None:
    """Print all but the mapping as comments, so that the output is a mapping's file."""
    _print_columns(delivery, found.first)
    _print_presets(delivery, found)
    if proposal is None:
        return
    print()
    print(proposal.toml)
    if proposal.undecided:
        print("# Undecided, to be filled in above:")
        for column in proposal.undecided:
            print(f"#   {column}")
    print(f"# Load it: {_load_command(delivery, proposal, encoding)}")


def _load_command(delivery: Delivery, proposal: Proposal, encoding: str | None) -> str:
    import shlex

    from tasks.outside_text import displayable

    asked = [word for name in proposal.untold for word in (f"--{name}", name.upper())]
    asked += [] if encoding is None else ["--encoding", encoding]
    return displayable(shlex.join(["retail", "etl", delivery.name, "--mapping", "THIS_FILE", *asked]))


def _print_columns(delivery: Delivery, first: FirstRows) -> None:
    from tasks.ingest.presets.explain import GUESSED
    from tasks.outside_text import displayable

    separated = f", separated by {_DELIMITERS[first.delimiter]}" if first.delimiter else ""
    name = displayable(delivery.name)
    print(f"# {name}: header in row {first.header_row}{separated}. Columns and first values:")
    width = max(len(displayable(column.strip())) for column in first.names)
    for position, column in enumerate(first.names):
        values = "  |  ".join(map(displayable, _values(first, position)))
        if not values and first.values(position):
            values = "(not shown: of a person)"
        print(f"#   {displayable(column.strip()).ljust(width)}  {values}".rstrip())
    if first.is_guessed:
        print(f"#\n# {GUESSED}")


def _values(first: FirstRows, position: int) -> tuple[str, ...]:
    """The first values of a column; none of one that speaks of a person: the output is kept as a mapping's file."""
    from tasks.ingest.column_words import speaks_of_person
    from tasks.ingest.unsplit_rows import ADDRESS_MARK

    values = first.values(position)
    is_personal = speaks_of_person(first.names[position]) or any(ADDRESS_MARK in value for value in values)
    return () if is_personal else values


def _print_presets(delivery: Delivery, found: Recognition) -> None:
    from tasks.ingest.presets.explain import command, copy_command, miss_text, several_text
    from tasks.outside_text import displayable

    if found.no_lines is not None and not found.candidates:
        print(
            f"#\n# It is an export that holds no whole sales lines ({found.no_lines.title}). {found.no_lines.answer}"
        )
        return
    shown = _shown(found)
    if not shown:
        return
    print("#\n# Presets:" if found.candidates else "#\n# Nearest presets:")
    for fit in shown:
        print(f"#   {displayable(_verdict(found, fit) if fit.is_candidate else miss_text(fit))}")
    if found.chosen is not None:
        print(f"# Load it: {command(delivery, found.chosen)}")
    elif len(found.passing) > 1:
        print(f"# {displayable(several_text(found.passing))} Name one:")
        for fit in found.passing:
            print(f"#   {command(delivery, fit.preset)}")
    if found.chosen is None or len(found.candidates) > 1:
        return
    print(f"# As the start of a mapping of your own: {copy_command(delivery, found.chosen)}")


def _verdict(found: Recognition, fit: Fit) -> str:
    proof = found.proofs.get(fit.preset.name)
    text = f"{fit.preset.name} ({fit.preset.title})"
    if proof is None:
        return f"{text}: has this header; Parquet is not proved."
    problems = "; ".join((*proof.problems, *proof.sums))
    if problems:
        return f"{text}: {problems}."
    return f"{text}: proved on the first {proof.rows} rows, {proof.lines} of them sales lines."
