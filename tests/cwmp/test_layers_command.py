"""``cwmp layers`` and the kinds that certify, check-certificate, saving and audit say they used."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from cwmp.__main__ import main


def run(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)


@pytest.fixture
def update(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(3)
    np.savez("u.npz", **{"patch_embed.proj.weight": rng.standard_normal((4, 3, 2, 2)).astype("f4"),
                         "patch_embed.proj.bias": rng.standard_normal(4).astype("f4"),
                         "wte.weight": rng.standard_normal((9, 4)).astype("f4"),
                         "head.weight": rng.standard_normal((5, 4)).astype("f4")})  # fmt: skip
    return "u.npz"


def test_the_table(update):
    done = run("layers", update, "--cost", "fc-dear")
    assert done.exit_code == 0
    total = 52 + 360 + 200
    rows = [line.split() for line in done.stdout.splitlines()]
    assert rows[1][:5] == ["conv", "2", "52", f"{100 * 52 / total:.4g}", "%"]
    assert rows[2][:5] == ["embedding", "1", "36", f"{100 * 360 / total:.4g}", "%"]
    assert "guess: two dimensions, the name says wte (wte.weight)" in done.stdout
    assert "1 kind is a guess: 33.33 % of the coordinates, 58.82 % of the energy" in done.stdout
    given = run("layers", update, "--cost", "fc-dear", "--kind", "wte.*=norm", "--json")
    assert [(row["kind"], row["how"]) for row in json.loads(given.stdout)][1] == ("norm", "given: wte.*=norm")


def test_its_json_is_a_layers_file(update):
    Path("layers.json").write_text(run("layers", update, "--kind", "wte.*=norm", "--each", "--json").stdout)
    np.save("flat.npy", np.concatenate([a.ravel() for a in np.load(update).values()]))
    done = run("layers", "flat.npy", "--layers", "layers.json", "--json")
    assert [(row["kind"], row["coordinates"]) for row in json.loads(done.stdout)] == [
        ("conv", 52), ("norm", 36), ("fc", 20)
    ]  # fmt: skip
    each = run("layers", update, "--each").stdout.splitlines()
    assert each[0].split()[:3] == ["patch_embed.proj.weight", "4x3x2x2", "conv"]


def test_certificates_say_which_kinds_they_are_about(update):
    ask = ("certify", update, "--cost", "fc-dear", "--budget", "20%", "--output", "c.json")
    plain, given = run(*ask, "--json"), run(*ask, "--kind", "wte.*=norm", "--json")
    assert (plain.exit_code, given.exit_code) == (0, 0)
    first, second = json.loads(plain.stdout), json.loads(given.stdout)
    assert [row["kind"] for row in first["layers"]] == ["conv", "embedding", "fc"]
    assert [row["kind"] for row in second["layers"]] == ["conv", "norm", "fc"]
    assert first["budget"] > second["budget"]
    assert json.loads(Path("c.json").read_text())["note"]["layers"] == second["layers"]
    assert "guess: two dimensions, the name says wte" in run(*ask).stdout
    assert run(*ask, "--kind", "wte.*=norm").exit_code == 0
    check = ("check-certificate", "c.json", update, "--cost", "fc-dear")
    right, wrong = run(*check, "--kind", "wte.*=norm"), run(*check)
    assert right.stdout.startswith("exact:")
    assert json.loads(run(*check, "--kind", "wte.*=norm", "--json").stdout)["verdict"] == "exact"
    assert (wrong.exit_code, wrong.stdout.split(":")[0]) == (1, "refused")


def test_a_certificate_of_other_kinds_is_another_question(update):
    ask = ("certify", update, "--cost", "fc-dear", "--budget", "20%")
    assert run(*ask, "--kind", "wte.*=norm").exit_code == 0
    again = run(*ask, "--kind", "wte.*=other")
    assert again.exit_code == 2
    assert "certifies another question (kinds wte.*=norm)" in again.stderr
    assert "certifies another question" in run(*ask).stderr


def test_savings_show_the_kinds(update):
    ask = ("saving", "--update", update, "--cost", "fc-dear", "--budget", "20%")
    assert "guess: two dimensions, the name says wte" in run(*ask).stdout
    found = json.loads(run(*ask, "--kind", "wte.*=norm", "--json").stdout)
    assert [row["kind"] for row in found[0]["layers"]] == ["conv", "norm", "fc"]


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("layers u.npz --kind dec.*=fc", "no layer is called 'dec.*'; there are 'patch_embed.proj.weight', "),
        ("layers u.npz --kind wte.*=table", "must be 'pattern=kind', a kind being conv, fc, embedding"),
        ("layers u.npz --cost dec.*=2,rest=1", "no layer is called or of kind 'dec.*'"),
        ("certify u.npz --cost fc-dear --budget 5% --kind x*=fc", "no layer is called 'x*'"),
        ("check-certificate c.json u.npz --kind wte.*=fc", "--kind needs --cost"),
        ("saving --update u.npz --cost fc-dear --kind x*=fc", "no layer is called 'x*'"),
        ("saving --magnitude norm() --cost expon() --kind x*=fc", "--kind belongs to --update"),
        ("layers none.npz", "no such file"),
    ],
)
def test_bad_kinds_end_in_one_line(update, command, says):
    done = run(*command.split())
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert says in done.stderr
