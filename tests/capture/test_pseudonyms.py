from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.capture.pseudonyms import Pseudonyms
from replay.capture.rules import load_rules

KEY = b"k" * 32
JSON = b"application/json"


@pytest.fixture
def pseudonyms() -> Pseudonyms:
    return Pseudonyms(KEY, rules=load_rules())


def body(pseudonyms: Pseudonyms, text: str, content_type: bytes = JSON) -> str:
    cleaned = pseudonyms.body(text.encode(), content_type)
    assert cleaned is not None
    return pseudonyms.literally(cleaned).decode()


def header(pseudonyms: Pseudonyms, name: str, value: str) -> str:
    ((_, cleaned),) = pseudonyms.headers(((name.encode(), value.encode()),))
    return cleaned.decode()


def test_a_pseudonym_keeps_the_length_within_limits(pseudonyms: Pseudonyms) -> None:
    assert [len(pseudonyms.of(b"x" * length)) for length in (1, 8, 20, 64, 500)] == [8, 8, 20, 64, 64]


def test_a_pseudonym_of_digits_is_digits(pseudonyms: Pseudonyms) -> None:
    assert pseudonyms.of(b"1234567890").isdigit()
    assert json.loads(body(pseudonyms, '{"token": 1234567890}'))["token"] != 1234567890


def test_another_recording_has_other_pseudonyms() -> None:
    assert Pseudonyms().of(b"secret") != Pseudonyms().of(b"secret")


def test_only_the_values_of_secrets_change_in_json(pseudonyms: Pseudonyms) -> None:
    said = '[ {"b" :1.50, "clientId" : "1r135epp36", "a":"x\\/y", "data":{"Access-Token":"t0ken","n":[1e3]}}]'
    heard = body(pseudonyms, said)

    client, token = pseudonyms.of(b"1r135epp36").decode(), pseudonyms.of(b"t0ken").decode()
    assert heard == said.replace("1r135epp36", client).replace("t0ken", token)


@pytest.mark.parametrize(
    "said",
    [
        '{"ext":{"authentication":{"credentials":"CANARY-1"}}}',
        '{"token":{"type":"x","value":["CANARY-1"]}}',
        '{"cl\\u0069entId":"CANARY-1"}',
        '{"text":"{\\"password\\":\\"CANARY-1\\"}"}',
        '{"uri":"http://x/?a=1&access_token=CANARY-1#x"}',
        '{"uri":"http:\\/\\/me:CANARY-1@x\\/"}',
        '{"authorization":"Bearer CANARY-1"}',
        '{"newPassword":"CANARY-1"}',
        '{"password":"CAN\\u0041RY-1"}',
    ],
)
def test_a_secret_is_found_wherever_json_holds_it(pseudonyms: Pseudonyms, said: str) -> None:
    heard = body(pseudonyms, said)

    assert "CANARY" not in json.dumps(json.loads(heard))
    assert len(heard) > len(said) // 2


@pytest.mark.parametrize(
    "said",
    [
        '[{"channel":"/meta/connect","clientId":"CANARY-1","id":"4"',
        '[{"clientId":"CANARY-1',
        'callback([{"clientId":"CANARY-1"}])',
        'callback("[{\\"clientId\\":\\"CANARY-1\\"}]")',
        '{"clientId": 12345678901, }',
        "var csrfToken = 'CANARY-1';",
        '<input type="hidden" name="csrfToken" value="CANARY-1">',
        "<soap:password>CANARY-1</soap:password>",
        '--b\r\nContent-Disposition: form-data; name="password"\r\n\r\nCANARY-1\r\n--b--\r\n',
    ],
)
def test_what_is_no_json_is_cleaned_too(pseudonyms: Pseudonyms, said: str) -> None:
    heard = body(pseudonyms, said)

    assert "CANARY" not in heard
    assert "12345678901" not in heard
    assert len(heard) >= len(said)


def test_forms_and_queries_are_cleaned(pseudonyms: Pseudonyms) -> None:
    message = quote('[{"clientId":"1r135epp36","channel":"/meta/connect"}]', safe="")
    client = pseudonyms.of(b"1r135epp36").decode()
    form = body(
        pseudonyms, f"a=b+c&j_password=p%40ss&message={message}", b"application/x-www-form-urlencoded"
    )

    password = pseudonyms.of(b"p@ss").decode()
    assert form == f"a=b+c&j_password={password}&message={message.replace('1r135epp36', client)}"
    assert pseudonyms.target(b"/x;jsessionid=abcdefgh?jsonp=cb&token=t0ken") == (
        b"/x;jsessionid=%s?jsonp=cb&token=%s" % (pseudonyms.of(b"abcdefgh"), pseudonyms.of(b"t0ken"))
    )


def test_basic_credentials_keep_their_users_apart(pseudonyms: Pseudonyms) -> None:
    def authorization(user: str, password: str) -> str:
        credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
        scheme, _, replaced = header(pseudonyms, "Authorization", f"Basic {credentials}").partition(" ")
        assert scheme == "Basic"
        return base64.b64decode(replaced).decode()

    user = pseudonyms.hide("name", "ann")
    assert authorization("ann", "one") == authorization("ann", "two") == f"{user}:redacted"
    assert user != "ann"
    assert json.loads(body(pseudonyms, '{"userName": "Ann"}')) == {"userName": user.capitalize()}
    assert authorization("ann", "one") != authorization("bob", "one")


def test_a_scheme_stays_with_its_pseudonym(pseudonyms: Pseudonyms) -> None:
    token = pseudonyms.of(b"abc.def").decode()

    assert header(pseudonyms, "proxy-authorization", "Bearer abc.def") == f"Bearer {token}"
    assert header(pseudonyms, "Authorization", "abc.def") == token
    assert header(pseudonyms, "Authorization", "Basic !!!").startswith("Basic ")


def test_cookies_keep_names_and_attributes(pseudonyms: Pseudonyms) -> None:
    one, two = pseudonyms.of(b"s3cret-one").decode(), pseudonyms.of(b"two").decode()

    assert header(pseudonyms, "Cookie", 'JSESSIONID=s3cret-one; b="two"; empty=; bare') == (
        f'JSESSIONID={one}; b="{two}"; empty=; {pseudonyms.of(b"bare").decode()}'
    )
    assert header(pseudonyms, "Set-Cookie", "JSESSIONID=s3cret-one; Path=/; HttpOnly") == (
        f"JSESSIONID={one}; Path=/; HttpOnly"
    )
    assert header(pseudonyms, "set-cookie", "JSESSIONID=; Max-Age=0") == "JSESSIONID=; Max-Age=0"


@pytest.mark.parametrize("name", ["X-CSRF-TOKEN", "ssid", "x-api-key", "My-Secret", "X-Session-Id"])
def test_headers_with_secrets_are_told_by_their_names(pseudonyms: Pseudonyms, name: str) -> None:
    assert header(pseudonyms, name, "CANARY-1") == pseudonyms.of(b"CANARY-1").decode()


def test_the_header_that_names_the_csrf_header_stays_and_is_believed(pseudonyms: Pseudonyms) -> None:
    assert header(pseudonyms, "X-CSRF-HEADER", "X-Odd-Name") == "X-Odd-Name"
    assert header(pseudonyms, "x-odd-name", "CANARY-1") == pseudonyms.of(b"CANARY-1").decode()


def test_what_was_a_secret_once_is_replaced_everywhere(pseudonyms: Pseudonyms) -> None:
    header(pseudonyms, "Cookie", "id=s3cret+/=value")
    hidden = pseudonyms.of(b"s3cret+/=value").decode()
    encoded = base64.b64encode(b"s3cret+/=value").decode()
    said = f"a s3cret+/=value b s3cret%2B%2F%3Dvalue c s3cret+\\/=value d s3cret%2b%2f%3dvalue e {encoded}"

    assert body(pseudonyms, said, b"text/plain") == f"a {hidden} b {hidden} c {hidden} d {hidden} e {hidden}"


def test_ordinary_words_in_cookies_and_short_secrets_stay_elsewhere(pseudonyms: Pseudonyms) -> None:
    header(pseudonyms, "Cookie", "transport=long-polling; at=1388701400; lang=en")
    said = (
        '{"supportedConnectionTypes":["long-polling"],"at":1388701400123,"lang":"en","password":"password"}'
    )

    assert json.loads(body(pseudonyms, said)) | {"password": ""} == json.loads(said) | {"password": ""}
    assert '"password":' in body(pseudonyms, said)


def test_a_number_learned_is_not_cut_out_of_a_longer_one(pseudonyms: Pseudonyms) -> None:
    body(pseudonyms, '{"password":"13887014"}')

    assert body(pseudonyms, '{"at":1388701400}') == '{"at":1388701400}'
    assert "13887014" not in body(pseudonyms, '{"pin":13887014}')


def test_only_the_latest_secrets_are_remembered() -> None:
    pseudonyms = Pseudonyms(KEY, limit=2)
    for secret in (b"secret-one", b"secret-two", b"secret-one", b"secret-three"):
        pseudonyms.learn(secret)

    heard = pseudonyms.literally(b"secret-one secret-two secret-three")

    assert heard == b" ".join((pseudonyms.of(b"secret-one"), b"secret-two", pseudonyms.of(b"secret-three")))
    assert repr(pseudonyms) == "<Pseudonyms 2 secrets learned>"


def test_pictures_are_let_alone_unless_they_hold_a_known_secret(pseudonyms: Pseudonyms) -> None:
    assert pseudonyms.body(b'"password":"x"', b"image/png") == b'"password":"x"'


def test_a_long_run_of_letters_takes_no_long_time(pseudonyms: Pseudonyms) -> None:
    long = b"x" * 300_000 + b"token"

    assert pseudonyms.body(long, b"text/plain") == long


scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
names = st.sampled_from(["a", "data", "clientId", "Password", "csrf_token", "ext"])
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)


def shape(value: object, *, hidden: bool = False) -> object:
    """The document with every secret left out."""
    match value:
        case dict():
            return {
                name: shape(inner, hidden=hidden or name in ("clientId", "Password", "csrf_token"))
                for name, inner in value.items()
            }
        case list():
            return [shape(inner, hidden=hidden) for inner in value]
        case str() | int() if hidden and not isinstance(value, bool):
            return "hidden" if value != "" else ""
        case _:
            return value


@given(documents, st.sampled_from([None, 1]))
def test_cleaning_changes_secrets_and_nothing_else(document: object, indent: int | None) -> None:
    said = json.dumps(document, indent=indent)
    cleaned = Pseudonyms(KEY).body(said.encode(), JSON)

    assert cleaned is not None
    assert shape(json.loads(cleaned)) == shape(document)
