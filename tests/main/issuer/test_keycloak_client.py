"""An unmodified python-keycloak takes the issuer for Keycloak."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from issuing import SECRET, Issuer, card
from keycloak import KeycloakAdmin, KeycloakError, KeycloakOpenID

PIN = "482915"


@pytest.fixture
def admin(issuer: Issuer) -> Any:
    return administrator(issuer, "readers")


@pytest.fixture
def staff(issuer: Issuer) -> Any:
    return administrator(issuer, "staff")


def administrator(issuer: Issuer, realm: str) -> Any:
    return KeycloakAdmin(
        server_url=f"{issuer.address}/",
        realm_name=realm,
        user_realm_name=realm,
        client_id="pinakes-admin",
        client_secret_key=SECRET,
    )


@pytest.fixture
def cli(issuer: Issuer) -> Any:
    return client(issuer, "pinakes-cli")


def client(issuer: Issuer, name: str, secret: str | None = None) -> Any:
    address = f"{issuer.address}/"
    return KeycloakOpenID(address, "readers", name, client_secret_key=secret)


@pytest.fixture
def user(admin: Any) -> dict[str, Any]:
    """A reader as the admin API shows her."""
    number = card()
    id = admin.create_user(
        {
            "username": number,
            "enabled": True,
            "email": "ada@example.org",
            "firstName": "Ada",
            "attributes": {"card_number": [number], "home": ["vik"], "person": [str(uuid4())]},
            "credentials": [{"type": "password", "value": PIN}],
        }
    )
    shown: dict[str, Any] = admin.get_user(id)
    return shown


def refusal(error: pytest.ExceptionInfo[KeycloakError]) -> tuple[int | None, str]:
    return error.value.response_code, (error.value.response_body or b"").decode()


def test_the_issuer_describes_itself(cli: Any, issuer: Issuer) -> None:
    told = cli.well_known()
    assert told["issuer"] == f"{issuer.address}/realms/readers"
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert {key["alg"] for key in cli.certs()["keys"]} == {"RS256"}
    assert len(cli.public_key()) > 300


def test_tokens_say_who_it_is_and_pass_its_check(cli: Any, user: dict[str, Any]) -> None:
    claims = cli.decode_token(cli.token(user["username"], PIN)["access_token"])
    told = user["attributes"]
    assert claims["sub"] == user["id"]
    assert (claims["person"], claims["home"]) == (told["person"][0], "vik")
    assert (claims["aud"], claims["azp"], claims["typ"]) == (["pinakes"], "pinakes-cli", "Bearer")
    assert claims["exp"] - claims["iat"] == 300
    assert claims["preferred_username"] == user["username"]
    assert {"sid", "jti"} <= set(claims)


def test_userinfo_ends_with_the_session(cli: Any, admin: Any, user: dict[str, Any]) -> None:
    token = cli.token(user["username"], PIN)["access_token"]
    told = cli.userinfo(token)
    assert isinstance(told, dict)
    assert told["sub"] == user["id"]
    admin.user_logout(user["id"])
    with pytest.raises(KeycloakError) as error:
        cli.userinfo(token)
    assert refusal(error)[0] == 401


def test_a_refresh_token_counts_once_and_reuse_ends_the_family(
    cli: Any, user: dict[str, Any]
) -> None:
    first = cli.token(user["username"], PIN)["refresh_token"]
    second = cli.refresh_token(first)["refresh_token"]
    with pytest.raises(KeycloakError) as error:
        cli.refresh_token(first)
    assert "Maximum allowed refresh token reuse exceeded" in refusal(error)[1]
    with pytest.raises(KeycloakError) as error:
        cli.refresh_token(second)
    assert "Session not active" in refusal(error)[1]


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "\0", "图书馆"])
def test_a_word_that_is_no_refresh_token(cli: Any, token: str) -> None:
    with pytest.raises(KeycloakError) as error:
        cli.refresh_token(token)
    assert refusal(error)[0] == 400


def test_an_access_token_is_no_refresh_token(cli: Any, user: dict[str, Any]) -> None:
    with pytest.raises(KeycloakError) as error:
        cli.refresh_token(cli.token(user["username"], PIN)["access_token"])
    assert "Invalid refresh token" in refusal(error)[1]


def test_introspection_is_for_clients_with_a_secret(
    issuer: Issuer, cli: Any, user: dict[str, Any]
) -> None:
    tokens = cli.token(user["username"], PIN)
    service = client(issuer, "pinakes-admin", SECRET)
    told = service.introspect(tokens["access_token"])
    assert (told["active"], told["username"]) == (True, user["username"])
    assert service.introspect(tokens["refresh_token"])["active"]
    cli.logout(tokens["refresh_token"])
    assert service.introspect(tokens["access_token"]) == {"active": False}
    assert service.introspect("x") == {"active": False}
    with pytest.raises(KeycloakError) as error:
        cli.introspect(tokens["access_token"])
    assert refusal(error)[0] == 401


def test_a_wrong_pin_and_a_locked_account_are_refused_alike(
    cli: Any, admin: Any, user: dict[str, Any]
) -> None:
    answers: set[tuple[int | None, str]] = set()
    for pin in ["000000"] * 6 + [PIN]:
        with pytest.raises(KeycloakError) as error:
            cli.token(user["username"], pin)
        answers.add(refusal(error))
    with pytest.raises(KeycloakError) as error:
        cli.token("nobody-at-all", PIN)
    answers.add(refusal(error))
    assert len(answers) == 1
    assert answers.pop()[0] == 401
    assert admin.get_bruteforce_detection_status(user["id"])["disabled"]
    admin.clear_bruteforce_attempts_for_user(user["id"])
    assert cli.token(user["username"], PIN)


def test_a_temporary_pin_opens_nothing_without_a_page(
    cli: Any, admin: Any, user: dict[str, Any]
) -> None:
    admin.set_user_password(user["id"], "111111", temporary=True)
    with pytest.raises(KeycloakError) as error:
        cli.token(user["username"], "111111")
    assert "Account is not fully set up" in refusal(error)[1]
    admin.set_user_password(user["id"], PIN, temporary=False)
    assert cli.token(user["username"], PIN)


def test_grants_belong_to_clients(issuer: Issuer, user: dict[str, Any]) -> None:
    told = {"username": user["username"], "password": PIN, "grant_type": "password"}
    refused = [
        told | {"client_id": "pinakes-web"},
        told | {"client_id": "pinakes-admin"},
        told | {"client_id": "pinakes-admin", "client_secret": "wrong"},
        told | {"client_id": "nobody"},
        told | {"client_id": "pinakes-cli", "scope": "everything"},
        told | {"client_id": "pinakes-cli", "grant_type": "implicit"},
        {"grant_type": "client_credentials", "client_id": "pinakes-cli"},
        {"grant_type": "client_credentials", "client_id": "pinakes-admin"},
        {"grant_type": "password", "client_id": "pinakes-cli"},
        {},
    ]
    with httpx.Client() as anybody:
        answers = [anybody.post(issuer.url("readers", "token"), data=form) for form in refused]
    assert [answer.status_code for answer in answers] == [
        400,
        401,
        401,
        401,
        *[400] * 3,
        401,
        400,
        400,
    ]
    assert all(answer.json()["error"] for answer in answers)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"grant_type=password&grant_type=x", {}),
        (b"grant_type=%ff", {}),
        (b"a=%00", {}),
        (b"\xff\xfe", {}),
        (b"{}", {"content-type": "application/json"}),
        (b"&".join(b"a%d=1" % n for n in range(1000)), {}),
        (b"grant_type=client_credentials", {"authorization": "Basic ////"}),
        (b"grant_type=client_credentials", {"authorization": "Basic /zo="}),
    ],
)
def test_bad_forms_are_the_callers_mistake(
    issuer: Issuer, body: bytes, headers: dict[str, str]
) -> None:
    kind = {"content-type": "application/x-www-form-urlencoded"}
    answer = httpx.post(issuer.url("readers", "token"), content=body, headers=kind | headers)
    assert answer.status_code in {400, 401}


@pytest.mark.parametrize("realm", ["master", "..", "%00", "readers%2f..", "图书馆"])
def test_other_realms_do_not_exist(issuer: Issuer, realm: str) -> None:
    answer = httpx.get(f"{issuer.address}/realms/{realm}/protocol/openid-connect/certs")
    assert answer.status_code == 404


def test_users_are_found_by_name_and_by_attribute(admin: Any, user: dict[str, Any]) -> None:
    number = user["attributes"]["card_number"][0]
    queries = [{"username": number, "exact": True}, {"q": f"card_number:{number}"}]
    assert all(admin.get_users(query) == [user] for query in queries)
    assert admin.get_user_id(number.upper()) == user["id"]
    assert admin.get_users({"username": number[2:8]})
    assert not admin.get_users({"username": number[2:8], "exact": True})
    assert admin.users_count({"username": number}) == 1


def test_attributes_alone_erase_the_names_as_keycloak_does(
    admin: Any, user: dict[str, Any]
) -> None:
    admin.update_user(user["id"], {"enabled": True})
    assert admin.get_user(user["id"])["email"] == "ada@example.org"
    admin.update_user(user["id"], {"attributes": {"home": ["hope"], "undeclared": ["x"]}})
    left = admin.get_user(user["id"])
    assert "email" not in left
    assert "firstName" not in left
    assert left["attributes"] == {"home": ["hope"]}


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ({}, 400),
        ({"username": "ab"}, 400),
        ({"username": "a b c"}, 400),
        ({"username": "nul\0nul"}, 400),
        ({"username": "good", "attributes": {"home": "no list"}}, 400),
        ({"username": "good", "attributes": {"home": ["nul\0"]}}, 400),
        ({"username": "good", "credentials": [{"type": "password", "value": "1"}]}, 400),
        ([], 400),
    ],
)
def test_users_that_cannot_be(admin: Any, told: Any, status: int) -> None:
    with pytest.raises(KeycloakError) as error:
        admin.create_user(told)
    assert refusal(error)[0] == status


def test_a_name_belongs_to_one_user(admin: Any, user: dict[str, Any]) -> None:
    with pytest.raises(KeycloakError) as error:
        admin.create_user({"username": user["username"].upper()})
    assert refusal(error) == (409, '{"errorMessage":"User exists with same username"}')


def test_organizations_have_members(staff: Any) -> None:
    code, person = card().lower(), staff.create_user({"username": card(), "enabled": True})
    told: dict[str, Any] = {"name": f"Hope ({code})", "alias": code, "domains": []}
    id = str(staff.create_organization(told))
    assert staff.get_organization(id)["alias"] == code
    assert [one["id"] for one in staff.get_organizations({"search": f"({code})"})] == [id]
    staff.organization_user_add(person, id)
    assert [one["id"] for one in staff.get_organization_members(id)] == [person]
    assert staff.get_organization_members_count(id) == 1
    assert [one["alias"] for one in staff.get_user_organizations(person)] == [code]
    with pytest.raises(KeycloakError) as error:
        staff.create_organization(told)
    assert refusal(error)[0] == 409
    with pytest.raises(KeycloakError) as error:
        staff.organization_user_add(person, id)
    assert refusal(error)[0] == 409
    with pytest.raises(KeycloakError) as error:
        staff.update_organization(id, told | {"alias": "another"})
    assert refusal(error)[0] == 400
    staff.organization_user_remove(person, id)
    staff.delete_organization(id)
    with pytest.raises(KeycloakError) as error:
        staff.get_organization(id)
    assert refusal(error)[0] == 404


def test_only_the_administrator_of_the_same_realm_comes_in(
    issuer: Issuer, cli: Any, admin: Any, user: dict[str, Any]
) -> None:
    admin.get_user(user["id"])
    assert admin.connection.token
    own = admin.connection.token["access_token"]
    other = cli.token(user["username"], PIN)["access_token"]
    tries = [("readers", own), ("staff", own), ("readers", other), ("readers", "x"), ("none", own)]
    answers = [
        httpx.get(
            f"{issuer.address}/admin/realms/{realm}/users",
            headers={"Authorization": f"Bearer {token}"},
        ).status_code
        for realm, token in tries
    ]
    assert answers == [200, 401, 403, 401, 404]


def test_the_claim_organization_follows_keycloak(issuer: Issuer, staff: Any) -> None:
    name, codes = card(), sorted([card().lower(), card().lower()])
    word = "a long enough phrase"
    credentials = [{"type": "password", "value": word}]
    id = staff.create_user({"username": name, "enabled": True, "credentials": credentials})
    openid: Any = KeycloakOpenID(f"{issuer.address}/", "staff", "pinakes-cli")

    def claim(scope: str) -> Any:
        tokens = openid.token(name, word, scope=f"openid {scope}")
        return openid.decode_token(tokens["access_token"]).get("organization")

    for code in codes:
        branch = str(staff.create_organization({"name": code, "alias": code}))
        assert claim(f"organization:{code}") is None
        staff.organization_user_add(id, branch)
        if code == codes[0]:
            assert claim("organization") == [code]
    assert claim("organization") is None
    assert claim("organization:*") == codes
    assert claim(f"organization:{codes[1]}") == [codes[1]]
    with pytest.raises(KeycloakError) as error:
        claim("organization:nowhere")
    assert "invalid_scope" in refusal(error)[1]
