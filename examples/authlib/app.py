"""A web application with Authlib and Flask: sign in, userinfo, refresh, sign out,
and signed out by Foyer."""
import json
import os
import secrets

from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import OAuth
from flask import Flask, redirect, request, session
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from markupsafe import escape
from requests import HTTPError

PORT = os.environ.get("PORT", "3000")
HOME = f"http://127.0.0.1:{PORT}/"
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"

app = Flask(__name__)
app.secret_key = os.environ.get("SECRET", "signs the cookie; long and random, please")
app.config["SESSION_COOKIE_SAMESITE"] = "Lax"
foyer = OAuth(app).register(
    "foyer",
    server_metadata_url=os.environ.get("ISSUER", "http://localhost:8080") + "/.well-known/openid-configuration",
    client_id="web",
    client_secret=os.environ.get("CLIENT_SECRET", "change-me-before-going-public"),
    client_kwargs={"scope": "openid profile email", "code_challenge_method": "S256"},
)
signed_in = {}  # this process's sessions: the cookie is signed, not sealed; tokens stay here


gone = set()  # the sid of sessions that Foyer ended


def current():
    mine = signed_in.get(session.get("id"))
    return None if mine and mine["sid"] in gone else mine


@app.get("/")
def home():
    bye = '<p id="bye">You are signed out.</p>' if request.args.get("state") == "from-orders" else ""
    mine = current()
    if not mine:
        return f'<!doctype html><title>Orders</title>{bye}<a href="/login">Sign in</a>'
    try:
        person = foyer.userinfo(token=mine["token"])
    except HTTPError as error:
        if error.response.status_code != 401:
            raise
        del signed_in[session.pop("id")]  # expired, or signed out at Foyer a moment ago
        return redirect(HOME, 303)
    return f"""<!doctype html><title>Orders</title><p id="who">{escape(json.dumps(person))}</p>
        <form method="post" action="/refresh"><button id="refresh">Refresh</button></form>
        <form method="post" action="/logout"><button id="logout">Sign out</button></form>"""


@app.get("/login")
def login():
    return foyer.authorize_redirect(HOME + "callback")  # with state, nonce and PKCE


@app.get("/callback")
def callback():
    try:
        token = foyer.authorize_access_token()
    except OAuthError as error:
        return f"{escape(error.error)}\n", 403
    session.clear()
    session["id"] = secrets.token_urlsafe()
    signed_in[session["id"]] = {"token": token, "sid": token["userinfo"]["sid"]}  # the ID token's claims
    return redirect(HOME, 303)


@app.post("/refresh")
def refresh():
    if mine := current():
        fresh = foyer.fetch_access_token(grant_type="refresh_token", refresh_token=mine["token"]["refresh_token"])
        mine["token"] = {**mine["token"], **fresh}  # keep what the answer leaves out
    return redirect(HOME, 303)


@app.post("/logout")
def logout():
    mine = signed_in.pop(session.pop("id", None), None)  # here first, then at Foyer
    hint = mine["token"]["id_token"] if mine else None
    return foyer.logout_redirect(post_logout_redirect_uri=HOME, id_token_hint=hint, state="from-orders", client_id="web")


def logout_token(raw):
    """The claims of what Foyer posts when a session ends (Back-Channel Logout 1.0 §2.6), or an error."""
    try:
        token = jwt.decode(raw, KeySet.import_key_set(foyer.fetch_jwk_set()), algorithms=["RS256"])
    except InvalidKeyIdError:  # a new key
        token = jwt.decode(raw, KeySet.import_key_set(foyer.fetch_jwk_set(force=True)), algorithms=["RS256"])
    must = {"essential": True}
    jwt.JWTClaimsRegistry(
        iss={**must, "value": foyer.load_server_metadata()["issuer"]}, aud={**must, "value": foyer.client_id},
        iat=must, exp=must, jti=must, sid=must, events=must,
    ).validate(token.claims)
    if token.header.get("typ") != "logout+jwt" or "nonce" in token.claims or not isinstance(token.claims["events"].get(LOGOUT_EVENT), dict):
        raise ValueError("not a logout token")
    return token.claims


@app.post("/backchannel-logout")
def backchannel_logout():
    try:
        ended = logout_token(request.form.get("logout_token", ""))
    except (JoseError, ValueError, AttributeError) as error:
        app.logger.warning("logout token: %s", error)
        return "", 400
    gone.add(ended["sid"])
    return "", 204, {"Cache-Control": "no-store"}


if __name__ == "__main__":
    print(f"open {HOME}", flush=True)
    app.run("127.0.0.1", int(PORT))
