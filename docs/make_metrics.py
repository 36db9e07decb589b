"""Write the tables in docs/metrics.md from the catalogue and the alert rules: ``python docs/make_metrics.py``."""

from __future__ import annotations

from pathlib import Path

import yaml

from tasks.report.metrics.catalogue import METRICS, Metric

TARGET = Path(__file__).parent / "metrics.md"
RULES = Path(__file__).parents[1] / "deployments" / "monitoring" / "alerts.yaml"


def text() -> str:
    """The document with the tables as the code has them."""
    document = TARGET.read_text(encoding="utf-8")
    document = _with_table(document, "metrics", "| metric | type | labels | |", _metric_rows())
    return _with_table(document, "alerts", "| alert | severity | fires when |", _alert_rows())


def _with_table(document: str, name: str, head: str, rows: str) -> str:
    start, end = f"<!-- {name}: docs/make_metrics.py -->\n", f"<!-- end of {name} -->\n"
    before, _, rest = document.partition(start)
    after = rest.partition(end)[2]
    return f"{before}{start}{head}\n|{' --- |' * head.count(' |')}\n{rows}{end}{after}"


def _metric_rows() -> str:
    return "".join(
        f"| `{metric.name}` | {metric.kind} | {_labels(metric)} | {metric.help} |\n"
        for metric in sorted(METRICS, key=lambda metric: metric.name)
    )


def _labels(metric: Metric) -> str:
    return ", ".join(f"`{label}`" for label in metric.labels)


def _alert_rows() -> str:
    (group,) = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return "".join(
        f"| `{rule['alert']}` | {rule['labels']['severity']} | `{_cell(rule['expr'].strip())}` |\n"
        for rule in group["rules"]
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
