"""Our tree is that of RFC 6962: judges that share no code with it agree."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from random import Random
from shutil import copytree, which
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pinakes.federation.ledger import merkle
from pinakes.federation.ledger.merkle import Frontier, Node
from pinakes.federation.ledger.notes import COSIGNER, Checkpoint, Key, cosign, note, public_of, sign

OUTSIDE = Path(__file__).parent / "outside"
MANY = 130


def leaves(many: int = MANY) -> list[bytes]:
    chance = Random(6962)
    return [chance.randbytes(chance.randrange(60)) for _ in range(many)]


def grown(data: list[bytes]) -> tuple[list[bytes], dict[Node, bytes]]:
    """The root at every size, and all kept hashes."""
    tree, kept = Frontier(), dict[Node, bytes]()
    roots = [tree.root]
    for leaf in data:
        kept |= tree.add(merkle.leaf_hash(leaf))
        roots.append(tree.root)
    return roots, kept


def pairs(first: int, many: int = MANY) -> list[tuple[int, int]]:
    chance = Random(9162)
    drawn = [sorted((chance.randint(1, many), chance.randint(1, many))) for _ in range(300)]
    small = [[old, size] for size in range(1, 18) for old in range(1, size + 1)]
    return [(old - first, size) for old, size in small + drawn]


@pytest.fixture(scope="module")
def questions() -> dict[str, Any]:
    private = Ed25519PrivateKey.generate()
    outside = Ed25519PrivateKey.generate()
    roots, _ = grown(leaves())
    heads = [Checkpoint("pinakes.example/ledger/1", size, roots[size]) for size in (0, 1, 99)]
    second = Key("pinakes.example/ledger/1/east", public_of(outside), COSIGNER)
    return {
        "leaves": [leaf.hex() for leaf in leaves()],
        "inclusion": pairs(1),
        "consistency": pairs(0),
        "notes": [
            note(
                head.text,
                [sign(private, head.origin, head.text), cosign(outside, second.name, head.text, 9)],
            )
            for head in heads
        ],
        "key": Key(heads[0].origin, public_of(private)).written,
        "cosigner": (public_of(outside) + second.id).hex(),
        "name": second.name,
        "texts": [head.text for head in heads],
    }


def check(answer: Mapping[str, Any]) -> None:
    """That the judge's roots and proofs are ours."""
    roots, kept = grown(leaves())
    assert answer["roots"] == [root.hex() for root in roots]
    for (index, size), path in zip(pairs(1), answer["inclusion"], strict=True):
        ours = merkle.proof(merkle.inclusion(index, size), kept)
        assert [hash.hex() for hash in ours] == path
        leaf = merkle.leaf_hash(leaves()[index])
        assert merkle.is_included(leaf, index, size, ours, roots[size])
    for (old, size), path in zip(pairs(0), answer["consistency"], strict=True):
        ours = merkle.proof(merkle.consistency(old, size), kept)
        assert [hash.hex() for hash in ours] == path
        assert merkle.is_consistent(old, roots[old], size, roots[size], ours)


def test_the_definition_of_rfc_6962_agrees(questions: dict[str, Any]) -> None:
    judge = subprocess.run(
        [sys.executable, "-I", OUTSIDE / "straight.py"],
        input=json.dumps(questions),
        capture_output=True,
        text=True,
        check=True,
    )
    check(json.loads(judge.stdout))


def test_the_tree_of_gos_checksum_database_agrees(
    questions: dict[str, Any], tmp_path: Path
) -> None:
    """Its sources come with Go itself, so nothing is fetched."""
    go = which("go")
    if go is None:
        pytest.skip("there is no Go here, whose tree would be the judge")
    place = subprocess.run([go, "env", "GOROOT"], capture_output=True, text=True, check=True)
    sources = Path(place.stdout.strip()) / "src/cmd/vendor/golang.org/x/mod"
    if not (sources / "sumdb/tlog").exists():
        pytest.skip("this Go comes without the sources of its checksum database")
    for part in ("note", "tlog"):
        copytree(sources / "sumdb" / part, tmp_path / "mod/sumdb" / part)
    copytree(sources / "internal", tmp_path / "mod/internal", dirs_exist_ok=True)
    (tmp_path / "mod/go.mod").write_text("module golang.org/x/mod\n\ngo 1.23\n")
    (tmp_path / "go.mod").write_text(
        "module judge\n\ngo 1.23\n\nrequire golang.org/x/mod v0.0.0\n"
        "replace golang.org/x/mod => ./mod\n"
    )
    (tmp_path / "main.go").write_text((OUTSIDE / "main.go").read_text())
    judge = subprocess.run(
        [go, "run", "-trimpath", "-mod=mod", "."],
        cwd=tmp_path,
        env={
            "GOFLAGS": "",
            "GOPROXY": "off",
            "GOTOOLCHAIN": "local",
            "HOME": str(Path.home()),
            "PATH": "/usr/bin:/bin",
        },
        input=json.dumps(questions),
        capture_output=True,
        text=True,
        check=False,
    )
    assert judge.returncode == 0, judge.stderr
    answer = json.loads(judge.stdout)
    check(answer)
    assert answer["opened"] == questions["texts"]
    assert answer["cosigned"] == [True] * 3


def test_a_proof_reads_few_hashes() -> None:
    million = 1_000_003
    for index in (0, 5, 524_288, million - 1):
        assert len(merkle.needed(merkle.inclusion(index, million))) <= 40
    for old in (1, 524_288, 777_777, million):
        assert len(merkle.needed(merkle.consistency(old, million))) <= 40


def test_no_proof_reaches_beyond_the_tree() -> None:
    roots, _ = grown(leaves(5))
    leaf = merkle.leaf_hash(leaves(5)[0])
    assert not merkle.is_included(leaf, 5, 5, [], roots[5])
    assert not merkle.is_included(leaf, -1, 5, [], roots[5])
    assert not merkle.is_consistent(6, roots[5], 5, roots[5], [])
    assert merkle.is_consistent(5, roots[5], 5, roots[5], [])
    assert merkle.is_consistent(0, merkle.EMPTY, 5, roots[5], [])
    assert not merkle.is_consistent(0, roots[1], 5, roots[5], [])


def test_hashes_of_a_proof_are_whole() -> None:
    """Else what two of them are together could be cut anywhere: so another tree would follow."""
    roots, kept = grown(leaves(4))
    one, two, three = kept[1, 0], kept[0, 2], kept[0, 3]
    for cut in (0, 16):
        first, other = one[cut:] + two, one[:cut]
        forged = merkle.node_hash(other, merkle.node_hash(first, three))
        assert not merkle.is_consistent(3, roots[3], 4, forged, [first, three, other])
    path = [b"", kept[0, 1] + kept[0, 0]]
    assert not merkle.is_included(two, 2, 4, path, merkle.node_hash(path[1], two))
