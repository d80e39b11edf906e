"""Names and hosts that people would take for others."""

import pytest

from idp.relying_parties.errors import InvalidMetadataError
from idp.relying_parties.hosts import flaw_in_host
from idp.relying_parties.lookalikes import is_plain, skeleton
from idp.relying_parties.metadata import validate
from tests.unit.relying_parties.parties import CALLBACK, metadata

ALL_VIETNAMESE = "ăâđêôơư ằắẳẵặ ầấẩẫậ ềếểễệ ồốổỗộ ờớởỡợ ừứửữự ỳýỷỹỵ"


@pytest.mark.parametrize(
    "text", [ALL_VIETNAMESE, ALL_VIETNAMESE.upper(), "Công ty 24/7 – A&B (VN)"]
)
def test_vietnamese_is_plain(text):
    """Every letter with every mark."""
    assert is_plain(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Định Danh", "D1NH ĐANH"),
        ("Bộ Công an", "bo-cong-an"),
        ("VNeID", "VNelD"),
        ("Vietnam Post", "Vietnarn P0st"),
    ],
)
def test_names_that_look_alike_have_one_skeleton(one, other):
    """Marks, case, spaces, and digits for letters are no difference."""
    assert skeleton(one) == skeleton(other)


@pytest.mark.parametrize(
    "host",
    ["portal.example.vn", "a-b.vn", "1.example.vn", "127.0.0.1", "203.0.113.7", "::1"],
)
def test_plain_hosts_are_fine(host):
    """Names, and addresses in their one spelling."""
    assert flaw_in_host(host) is None


def test_a_vietnamese_host_is_fine():
    """An internationalised name in Latin letters."""
    label = "cổng".encode("punycode").decode("ascii")

    assert flaw_in_host(f"xn--{label}.vn") is None


@pytest.mark.parametrize(
    "name", ["аррӏе", "ｂank", "bɑnk", "пример", "c\u200dổng", "bank✓"]
)
def test_a_host_in_other_letters_is_not(name):
    """Whole-script and mixed-script look-alikes."""
    label = name.encode("punycode").decode("ascii")

    assert flaw_in_host(f"xn--{label}.vn")


INSIDE = [
    "https://10.0.0.1/x",
    "https://169.254.169.254/latest",
    "https://100.64.0.1/x",
    "https://0.0.0.0/x",
    "http://127.0.0.1/x",
    "http://localhost:8001/x",
    "https://printer/x",
    "https://wiki.corp/x",
    "https://metadata.google.internal/x",
    "https://box.local/x",
]


@pytest.mark.parametrize(
    "member", ["client_uri", "logo_uri#vi", "jwks_uri", "sector_identifier_uri"]
)
@pytest.mark.parametrize("address", INSIDE)
def test_inside_addresses_are_not_registered(member, address):
    """CWE-918, X1; a sandbox lives on the loopback host."""
    with pytest.raises(InvalidMetadataError, match="inside network"):
        validate(metadata(**{member: address}), sandbox=False)


@pytest.mark.parametrize(
    "members",
    [
        {"backchannel_logout_uri": "https://10.0.0.1/bye"},
        {
            "grant_types": ["urn:openid:params:grant-type:ciba"],
            "backchannel_token_delivery_mode": "ping",
            "backchannel_client_notification_endpoint": "https://10.0.0.1/ping",
        },
    ],
)
def test_nothing_is_told_to_inside_machines(members):
    """Logout tokens and pings go out to what was registered, too."""
    with pytest.raises(InvalidMetadataError, match="inside network"):
        validate(metadata(**members, sector="portal.example.vn"), sandbox=False)


def test_redirects_reach_the_citizens_own_machine_alone():
    """RFC 8252 §7.3: a native app listens there, and on no other inside machine."""
    native = {"application_type": "native"}

    own = ["http://127.0.0.1/cb"]
    validate(metadata(redirect_uris=own, **native), sandbox=False)
    with pytest.raises(InvalidMetadataError, match="inside network"):
        validate(metadata(redirect_uris=own), sandbox=False)
    with pytest.raises(InvalidMetadataError, match="inside network"):
        validate(metadata(redirect_uris=["https://10.0.0.1/cb"]), sandbox=False)


def test_other_addresses_are_registered():
    """Of the public network."""
    document, _ = validate(
        metadata(client_uri="https://portal.example.vn/"), sandbox=False
    )

    assert document["redirect_uris"] == [CALLBACK]
