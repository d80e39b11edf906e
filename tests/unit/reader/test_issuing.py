"""The command that issues a folder of sandbox cards."""

import json

import pytest
from cryptography import x509

from clients.reader.virtual import command
from clients.reader.virtual.card import read_card

PEOPLE = [
    {
        "personal_number": f"99909900000{at}",
        "family_name": "Trần",
        "middle_name": middle,
        "given_name": "Lan",
        "birth_date": "1999-05-0" + str(at),
        "gender": "female",
        "nationality": "Việt Nam",
        "issued_on": "2024-01-01",
        "expires_on": "2039-05-01",
        "residence": "1 phố Hoa Mai",
        "place_of_origin": "Hà Nội",
    }
    for at, middle in enumerate(["Thị", None, "Thị Ngọc", ""], start=1)
]


@pytest.fixture
def people(tmp_path):
    path = tmp_path / "people.json"
    path.write_text(json.dumps(PEOPLE), "utf-8")
    return path


def test_folder_holds_a_card_each_and_the_authority(people, tmp_path, capsys):
    """Each citizen has a card; kinds of keys and ways of access take turns."""
    folder = tmp_path / "cards"
    command.main(["--people", str(people), "--out", str(folder)])
    cards = [read_card(path) for path in sorted(folder.glob("*.card.json"))]
    assert [card.holder.name for card in cards] == [
        "Trần Thị Lan",
        "Trần Lan",
        "Trần Thị Ngọc Lan",
        "Trần Lan",
    ]
    assert ["card_access" in card.files for card in cards] == [False, True, True, False]
    assert len({len(card.keys.aa) > 1000 for card in cards[:2]}) == 2
    assert capsys.readouterr().out == f"4 cards in {folder}\n"


def test_revocation_list_is_the_authoritys_and_empty(people, tmp_path):
    """The operator imports both files as they are."""
    folder = tmp_path / "cards"
    command.main(["--people", str(people), "--out", str(folder)])
    csca = x509.load_der_x509_certificate((folder / "csca.cer").read_bytes())
    crl = x509.load_der_x509_crl((folder / "csca.crl").read_bytes())
    assert crl.is_signature_valid(csca.public_key())
    assert csca.issuer == csca.subject
    assert len(crl) == 0


def test_folder_is_issued_once(people, tmp_path, capsys):
    """A second run would leave cards that no authority's file belongs to."""
    arguments = ["--people", str(people), "--out", str(tmp_path / "cards")]
    command.main(arguments)
    before = (tmp_path / "cards" / "csca.cer").read_bytes()
    with pytest.raises(SystemExit):
        command.main(arguments)
    assert "holds cards already" in capsys.readouterr().err
    assert (tmp_path / "cards" / "csca.cer").read_bytes() == before
