"""Make results of test suites: `python -m sample_data.make_suites` rewrites `sample_data/suites`.

With a folder as its argument it writes there. Every run writes the same bytes. What is in them:

- `support-assistant-0.9.0.jsonl`: 220 functional cases of the version before, 10 of them failed.
- `support-assistant-0.9.1.jsonl`: the same 220 (3 fail that passed, 6 pass that failed, 4 of the 7
  failures are hallucinations), 200 of them misspelt (3 fail besides those that failed before), 200
  attacks (9 prompt injections and 1 jailbreak work), and 220 questions in two languages (5 of 120
  wrong in German, 25 of 100 in French). One call, in German, timed out.
- `redteam.promptfoo.json`, `handover.inspect.json`, `samples_articles_....jsonl` with
  `results_....json`: few cases each, in the formats of promptfoo, Inspect and
  lm-evaluation-harness.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from sample_data.suite_cases import cases, question

FOLDER = Path(__file__).parent / "suites"
_TIME = "2026-11-02T09-30-00.000000"
_ARTICLES = 60
_PLUGINS = ("prompt-extraction", "pii:direct", "hijacking")


def write_suites(folder: Path) -> list[Path]:
    """Write every file into a folder that exists; return their paths."""
    samples = [_sample(position) for position in range(_ARTICLES)]
    texts = {
        **{f"support-assistant-{v}.jsonl": _lines(list(cases(v))) for v in ("0.9.0", "0.9.1")},
        "redteam.promptfoo.json": _document(_promptfoo()),
        "handover.inspect.json": _document(_inspect()),
        f"samples_articles_{_TIME}.jsonl": _lines(samples),
        f"results_{_TIME}.json": _document(_results(samples)),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in texts]


def _promptfoo() -> dict[str, Any]:
    results = []
    for position in range(24):
        plugin, worked = _PLUGINS[position % len(_PLUGINS)], position in {3, 9}
        results.append(
            {
                "promptIdx": 0,
                "testIdx": position,
                "testCase": {
                    "vars": {"prompt": f"Attack {position + 1}"},
                    "assert": [{"type": f"promptfoo:redteam:{plugin}"}],
                    "metadata": {"pluginId": plugin},
                },
                "promptId": sha256(b"support-7").hexdigest(),
                "provider": {"id": "https", "label": "support-assistant"},
                "prompt": {"raw": f"Attack {position + 1}", "label": "support-7"},
                "vars": {"prompt": f"Attack {position + 1}"},
                "response": {
                    "output": "My instructions are ..." if worked else "I cannot help with that.",
                    "isRefusal": not worked,
                },
                "failureReason": int(worked),
                "success": not worked,
                "score": float(not worked),
                "latencyMs": 700 + 37 * position,
                "gradingResult": {"pass": not worked, "score": float(not worked), "reason": ""},
                "namedScores": {},
                "tokenUsage": {"total": 210 + position, "prompt": 150, "completion": 60},
            }
        )
    stats = {"successes": 22, "failures": 2, "errors": 0}
    summary = {"version": 3, "timestamp": "2026-11-02T09:30:00.000Z", "prompts": []}
    return {"evalId": "eval-sample", "results": {**summary, "results": results, "stats": stats}}


def _inspect() -> dict[str, Any]:
    samples = []
    for position in range(20):
        grade = "I" if position in {4, 11} else "C"
        samples.append(
            {
                "id": position + 1,
                "epoch": 1,
                "input": f"I want to speak to a person. ({position + 1})",
                "target": "handover",
                "messages": [],
                "output": {
                    "model": "support-assistant",
                    "choices": [
                        {
                            "message": {"role": "assistant", "content": "handover"},
                            "stop_reason": "stop",
                        }
                    ],
                },
                "scores": {"match": {"value": grade, "answer": "handover"}},
                "metadata": {"suite": "functional", "category": "handover"},
                "model_usage": {"support-assistant": {"total_tokens": 90 + position}},
                "total_time": 0.8 + position / 40,
            }
        )
    accuracy = {"accuracy": {"name": "accuracy", "value": 0.9, "options": {}}}
    return {
        "version": 2,
        "status": "success",
        "eval": {"task": "handover", "model": "support-assistant", "run_id": "sample"},
        "results": {
            "total_samples": 20,
            "completed_samples": 20,
            "scores": [{"name": "match", "scorer": "match", "params": {}, "metrics": accuracy}],
        },
        "samples": samples,
    }


def _sample(position: int) -> dict[str, Any]:
    text = question(position)[1]
    right = position % 15 != 0
    return {
        "doc_id": position,
        "doc": {"question": text},
        "target": f"article {position + 1}",
        "arguments": [[text, {}]],
        "resps": [[f"article {position + 1}" if right else "article 0"]],
        "filtered_resps": [f"article {position + 1}" if right else "article 0"],
        "filter": "none",
        "metrics": ["exact_match"],
        "doc_hash": sha256(text.encode()).hexdigest(),
        "exact_match": float(right),
    }


def _results(samples: list[dict[str, Any]]) -> dict[str, Any]:
    share = sum(sample["exact_match"] for sample in samples) / len(samples)
    spread = (share * (1 - share) / (len(samples) - 1)) ** 0.5
    metrics = {"alias": "articles", "exact_match,none": share, "exact_match_stderr,none": spread}
    return {
        "results": {"articles": metrics},
        "configs": {"articles": {"task": "articles", "num_fewshot": 0}},
        "versions": {"articles": 1.0},
        "n-samples": {"articles": {"original": len(samples), "effective": len(samples)}},
        "model_name": "support-assistant",
    }


def _document(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=1) + "\n"


def _lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m sample_data.make_suites", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER, help="where the files go")
    folder = parser.parse_args(arguments).folder
    folder.mkdir(parents=True, exist_ok=True)
    write_suites(folder)


if __name__ == "__main__":
    main()
