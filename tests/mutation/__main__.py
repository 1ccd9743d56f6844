"""``python tests/mutation [MODULE …]``: break the modules that decide what is true, and see the tests fail."""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
import tomllib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import click
from mutation.mutants import mutants_of
from mutation.score import Name, Outcome, Score, equivalents, scored, table
from mutation.trial import Trials, copied

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
RECORDS = ROOT / "runs" / "mutation"
ENOUGH = 0.95


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("modules", nargs=-1, metavar="[MODULE]...")
@click.option("--sample", type=click.IntRange(1), help="at most so many mutants of a module, drawn at random")
@click.option("--seed", type=int, default=0, show_default=True, help="of that draw")
@click.option("--slow", type=float, default=4.0, show_default=True, help="seconds: tests that take longer are left out")
@click.option("--again", is_flag=True, help="only the mutants that survived the last time, named ones left out")
def main(modules: tuple[str, ...], sample: int | None, seed: int, slow: float, again: bool) -> None:
    """Try every mutant of MODULE... (by default of all in modules.toml) and print what the tests did not notice.

    Exits with 1 if fewer than 95 % of a module's mutants are killed, those named in equivalent.toml left out, or if one
    of these is killed or is no longer there.
    """
    settings = tomllib.loads((HERE / "modules.toml").read_text(encoding="utf-8"))
    if unknown := [m for m in modules if m not in settings["modules"]]:
        raise click.UsageError(f"no tests are named for {unknown[0]} in modules.toml: {', '.join(settings['modules'])}")
    named = equivalents(HERE / "equivalent.toml")
    scores = []
    for module in modules or settings["modules"]:
        with tempfile.TemporaryDirectory() as folder:
            copied(ROOT, Path(folder))
            scores.append(_module(Path(folder), module, settings, named.get(module, {}), (sample, seed, slow, again)))
        _say(scores[-1])
    click.echo(table(scores))
    if any(score.share < ENOUGH or score.stale for score in scores):
        raise SystemExit(1)


def _module(
    copy: Path, module: str, settings: dict, named: dict[Name, str], how: tuple[int | None, int, float, bool]
) -> Score:
    sample, seed, slow, again = how
    every = mutants_of((copy / module).read_text(encoding="utf-8"), settings["operators"])
    chosen = every if sample is None or sample >= len(every) else random.Random(seed).sample(every, sample)
    record = RECORDS / f"{module.replace('/', '.')}.json"
    results: dict[Name, Outcome] = {}
    if again and record.exists():
        results = {tuple(name): outcome for *name, outcome in json.loads(record.read_text())}
        results = {m.name: results[m.name] for m in every if m.name in results}
        chosen = [m for m in every if results.get(m.name, "killed") != "killed" and m.name not in named]
    start = time.monotonic()
    tests = [*settings["modules"][module], *(test.format(module=module) for test in settings["every"])]
    trials = Trials(copy, module, tests, slow)
    click.echo(f"{module}: {len(chosen)} of {len(every)} mutants, tests {trials.known.total:.1f} s", err=True)
    RECORDS.mkdir(parents=True, exist_ok=True)
    for k, (mutant, outcome) in enumerate(trials.run(chosen)):
        results[mutant.name] = outcome
        if outcome != "killed" and mutant.name not in named:
            click.echo(f"  {outcome} ({k}): {' | '.join(mutant.name)}", err=True)
    record.write_text(json.dumps([[*name, outcome] for name, outcome in results.items()], indent=0))
    click.echo(f"{module}: {time.monotonic() - start:.0f} s", err=True)
    return scored(module, {m.name for m in every}, results, named)


def _say(score: Score) -> None:
    for kind, names in (
        ("survived", score.survived),
        ("timed out", score.late),
        ("named as equivalent, but killed or gone", score.stale),
    ):
        for within, before, after in names:
            click.echo(f"{score.module}: {kind}: {within}\n  - {before}\n  + {after}")


if __name__ == "__main__":
    main()
