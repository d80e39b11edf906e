"""The worked examples of ICAO Doc 9303-11, number by number."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from idp.emrtd import active_authentication, bac, pace, points
from idp.emrtd.apdu import Command, parse_command, parse_response
from idp.emrtd.errors import EmrtdError
from idp.emrtd.kdf import (
    Cipher,
    Purpose,
    SessionKeys,
    derive_access_key,
    derive_basic_access,
    derive_key,
)
from idp.emrtd.mrz import MrzKey
from idp.emrtd.secure_messaging import (
    open_command,
    open_response,
    protect_command,
    protect_response,
)
from idp.emrtd.security_infos import parse_card_access

TRIPLE_DES, AES_128, AES_192, AES_256 = Cipher

# Appendix D.2 and G.1; the last two rows are AES with longer keys by the same rule.
KEYS = [
    ("239AB9CB282DAF66231DC5A4DF6BFBAE", 1, TRIPLE_DES,
     "AB94FDECF2674FDFB9B391F85D7F76F2"),
    ("239AB9CB282DAF66231DC5A4DF6BFBAE", 2, TRIPLE_DES,
     "7962D9ECE03D1ACD4C76089DCE131543"),
    ("28768D20701247DAE81804C9E780EDE582A9996DB4A315020B2733197DB84925", 1, AES_128,
     "F5F0E35C0D7161EE6724EE513A0D9A7F"),
    ("28768D20701247DAE81804C9E780EDE582A9996DB4A315020B2733197DB84925", 2, AES_128,
     "FE251C7858B356B24514B3BD5F4297D1"),
    ("7E2D2A41C74EA0B38CD36F863939BFA8E9032AAD", 3, AES_128,
     "89DED1B26624EC1E634C1989302849DD"),
    ("7E2D2A41C74EA0B38CD36F863939BFA8E9032AAD12345678", 3, AES_192,
     "4487BB60D75E55928AB2406733D060BB600C7FA4AEEAB92B"),
    ("7E2D2A41C74EA0B38CD36F863939BFA8E9032AAD12345678ABCDEF1234567890", 3, AES_256,
     "AC92515EDD0F4714CBB46C683CC1A66DEBB68B3CC34F29904DB757AC88988D31"),
]  # fmt: skip


@pytest.mark.parametrize(("secret", "counter", "cipher", "key"), KEYS)
def test_keys_are_derived(secret, counter, cipher, key):
    """Each cipher's key is the hash of secret and counter, cut and adjusted."""
    derived = derive_key(bytes.fromhex(secret), cipher, Purpose(counter))

    assert derived == bytes.fromhex(key)


class TestBasicAccess:
    """Appendix D: a passport of Utopia opens to its MRZ."""

    ACCESS = MrzKey("L898902C", "690806", "940623")
    NONCES = bac.Nonces(
        card=bytes.fromhex("4608F91988702212"), reader=bytes.fromhex("781723860C06C226")
    )
    READER_KEY = bytes.fromhex("0B795240CB7049B01C19B33E32804F0B")
    REQUEST = bytes.fromhex(
        "72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F2"
        "5F1448EEA8AD90A7"
    )
    ANSWER = bytes.fromhex(
        "46B9342A41396CD7386BF5803104D7CEDC122B9132139BAF2EEDC94EE178534F"
        "2F2D235D074D7449"
    )
    SESSION = SessionKeys(
        TRIPLE_DES,
        bytes.fromhex("979EC13B1CBFE9DCD01AB0FED307EAE5"),
        bytes.fromhex("F1CB1F1FB5ADF208806B89DC579DC1F8"),
    )
    COUNTER = 0x887022120C06C226

    def test_keys_come_from_the_mrz(self):
        """The zone's three numbers with check digits give the access keys (D.2)."""
        keys = derive_basic_access(self.ACCESS)

        assert self.ACCESS.information == "L898902C<369080619406236"
        assert keys.encryption.hex().upper() == KEYS[0][3]
        assert keys.mac.hex().upper() == KEYS[1][3]

    def test_mutual_authentication(self):
        """The exchange and the session it gives are the example's (D.3)."""
        keys = derive_basic_access(self.ACCESS)
        command = bac.external_authenticate(keys, self.NONCES, self.READER_KEY)
        card_key = bac.read_card_key(keys, self.NONCES, self.ANSWER)
        channel = self.NONCES.channel(self.READER_KEY, card_key)

        assert command.encode().hex() == "0082000028" + self.REQUEST.hex() + "28"
        assert channel.keys == self.SESSION
        assert channel.counter == self.COUNTER

    def test_an_answer_of_another_run_is_refused(self):
        """The card repeats both nonces, or the answer is an old one."""
        keys = derive_basic_access(self.ACCESS)
        for nonces in (
            bac.Nonces(self.NONCES.card, bytes(8)),
            bac.Nonces(bytes(8), self.NONCES.reader),
        ):
            with pytest.raises(EmrtdError, match="secure_messaging"):
                bac.read_card_key(keys, nonces, self.ANSWER)

    def test_select_under_secure_messaging(self):
        """Both sides protect the selection of EF.COM as the example does (D.4)."""
        plain = parse_command(bytes.fromhex("00A4020C02011E"))
        protected = bytes.fromhex(
            "0CA4020C158709016375432908C044F68E08BF8B92D635FF24F800"
        )
        answer = bytes.fromhex("990290008E08FA855A5D4C50A8ED9000")
        success = parse_response(b"\x90\x00")
        first, second = self.COUNTER + 1, self.COUNTER + 2

        assert protect_command(self.SESSION, first, plain) == protected
        assert open_command(self.SESSION, first, protected) == plain
        assert protect_response(self.SESSION, second, success) == answer
        assert open_response(self.SESSION, second, answer) == success


class TestPace:
    """Appendix G.1: ECDH, generic mapping, brainpoolP256r1, AES-128, by MRZ."""

    CARD_ACCESS = bytes.fromhex("31143012060A04007F0007020204020202010202010D")
    ACCESS = MrzKey("T22000129", "640812", "101031")
    NONCE = bytes.fromhex("3F00C4D39D153F2B2A214A078D899B22")
    MAP_KEY = 0x7F4EF07B9EA82FD78AD689B38D0BC78CF21F249D953BC46F4C6E19259C010F99
    SESSION_KEY = 0xA73FB703AC1436A18E0CFA5ABB3F7BEC7A070E7A6788486BEE230C4A22762595
    MAP_CARD = bytes.fromhex(
        "04824FBA91C9CBE26BEF53A0EBE7342A3BF178CEA9F45DE0B70AA601651FBA3F57"
        "30D8C879AAA9C9F73991E61B58F4D52EB87A0A0C709A49DC63719363CCD13C54"
    )
    KEY_CARD = bytes.fromhex(
        "049E880F842905B8B3181F7AF7CAA9F0EFB743847F44A306D2D28C1D9EC65DF6DB"
        "7764B22277A2EDDC3C265A9F018F9CB852E111B768B326904B59A0193776F094"
    )

    def test_the_whole_run(self):
        """Every command, key and token is the example's."""
        way = pace.choose(parse_card_access(self.CARD_ACCESS))
        key = derive_access_key(self.ACCESS, way.cipher)
        nonce = pace.decrypt_nonce(
            way.cipher, key, bytes.fromhex("95A3A016522EE98D01E76CB6B98B42C3")
        )
        private = ec.derive_private_key(self.MAP_KEY, way.curve)
        generator = pace.map_generator(
            private, points.decode(way.curve, self.MAP_CARD), nonce
        )
        one_time = ec.derive_private_key(self.SESSION_KEY, way.curve)
        ours = points.multiply(one_time, generator)
        theirs = points.decode(way.curve, self.KEY_CARD)
        keys = pace.agree(way, one_time, ours, theirs)
        commands = [
            pace.set_authentication_template(way, self.ACCESS),
            pace.general_authenticate(),
            pace.general_authenticate(
                pace.MAP_READER, points.encode(way.curve, points.public_point(private))
            ),
            pace.general_authenticate(pace.KEY_READER, points.encode(way.curve, ours)),
            pace.general_authenticate(pace.TOKEN_READER, pace.token(way, keys, theirs)),
        ]

        assert nonce == self.NONCE
        assert pace.encrypt_nonce(way.cipher, key, nonce) == bytes.fromhex(
            "95A3A016522EE98D01E76CB6B98B42C3"
        )
        assert keys.encryption.hex().upper() == "F5F0E35C0D7161EE6724EE513A0D9A7F"
        assert keys.mac.hex().upper() == "FE251C7858B356B24514B3BD5F4297D1"
        assert [command.encode().hex().upper() for command in commands] == [
            "0022C1A412800A04007F0007020204020283010184010D",
            "10860000027C0000",
            (
                "10860000457C438141047ACF3EFC982EC45565A4B155129EFBC74650DCBFA6362D896FC7"
                "0262E0C2CC5E544552DCB6725218799115B55C9BAA6D9F6BC3A9618E70C25AF71777A9C4"
                "922D00"
            ),
            (
                "10860000457C438341042DB7A64C0355044EC9DF190514C625CBA2CEA48754887122F3A5"
                "EF0D5EDD301C3556F3B3B186DF10B857B58F6A7EB80F20BA5DC7BE1D43D9BF850149FBB3"
                "646200"
            ),
            "008600000C7C0A8508C2B0BD78D94BA86600",
        ]
        pace.check_token(way, keys, ours, bytes.fromhex("3ABB9674BCE93C08"))

    def test_a_token_over_another_key_is_refused(self):
        """The card's token is over our public key, not over its own."""
        way = pace.choose(parse_card_access(self.CARD_ACCESS))
        keys = SessionKeys(way.cipher, bytes(16), bytes(16))
        theirs = points.decode(way.curve, self.KEY_CARD)

        with pytest.raises(EmrtdError, match="access_denied"):
            pace.check_token(way, keys, theirs, bytes.fromhex("3ABB9674BCE93C08"))


def test_active_authentication_message(rsa_key):
    """Appendix F's representative, signed by any RSA key of its length, is good."""
    opened = bytes.fromhex(
        "6A9D2784A67F8E7C659973EA1AEA25D95B6C8F91E5002F369F0FBDCE8A3CEC1991B543F1"
        "696546C5524CF23A5303CD6C98599F40B79F377B5F3A1406B3B4D8F96784D23AA88DB7E1"
        "032A405E69325FA91A6E86F5C71AEA978264C4A207446DAD4E7292E2DCDA3024B47DA8C0"
        "63AA1E6D22FBD976AB0FE73D94D2D9C6D88127BC"
    )
    numbers = rsa_key(8 * len(opened)).private_numbers()
    signed = pow(int.from_bytes(opened, "big"), numbers.d, numbers.public_numbers.n)

    active_authentication.verify(
        numbers.public_numbers.public_key(),
        challenge=bytes.fromhex("F173589974BF40C6"),
        signature=signed.to_bytes(len(opened), "big"),
    )


def test_the_largest_short_command_and_the_first_extended_one():
    """A command turns to extended length where a byte cannot count any more."""
    short = Command(0, 0xD6, 0, 0, data=bytes(255), expected=256)
    long = Command(0, 0xD6, 0, 0, data=bytes(256), expected=256)

    assert short.encode()[4:6] == b"\xff\x00"
    assert long.encode()[4:8] == b"\x00\x01\x00\x00"
    assert parse_command(short.encode()) == short
    assert parse_command(long.encode()) == long
