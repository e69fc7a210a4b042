CREATE SCHEMA issuer;
REVOKE ALL ON SCHEMA issuer FROM PUBLIC;

CREATE TABLE issuer.signing_key (
    kid text PRIMARY KEY,
    realm text NOT NULL,
    algorithm text NOT NULL CHECK (algorithm IN ('RS256', 'HS512')),
    secret text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE issuer.account (
    id uuid PRIMARY KEY,
    realm text NOT NULL,
    username text NOT NULL,
    enabled boolean NOT NULL,
    email text,
    first_name text,
    last_name text,
    attributes jsonb NOT NULL,
    actions text[] NOT NULL,
    sealed text,
    not_before timestamptz,
    failures integer NOT NULL DEFAULT 0,
    failed_at timestamptz,
    locked_until timestamptz,
    let_off integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (realm, username)
);
CREATE INDEX ON issuer.account USING gin (attributes jsonb_path_ops);

CREATE TABLE issuer.organization (
    id uuid PRIMARY KEY,
    realm text NOT NULL,
    name text NOT NULL,
    alias text NOT NULL,
    enabled boolean NOT NULL,
    description text,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (realm, name),
    UNIQUE (realm, alias)
);

CREATE TABLE issuer.membership (
    organization uuid NOT NULL REFERENCES issuer.organization ON DELETE CASCADE,
    account uuid NOT NULL REFERENCES issuer.account ON DELETE CASCADE,
    PRIMARY KEY (organization, account)
);
CREATE INDEX ON issuer.membership (account);

CREATE TABLE issuer.session (
    id uuid PRIMARY KEY,
    account uuid NOT NULL REFERENCES issuer.account ON DELETE CASCADE,
    client text NOT NULL,
    scope text NOT NULL,
    nonce text,
    step integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz
);
CREATE INDEX ON issuer.session (account);
CREATE INDEX ON issuer.session (created_at);

CREATE UNLOGGED TABLE issuer.code (
    mark bytea PRIMARY KEY,
    session uuid NOT NULL REFERENCES issuer.session ON DELETE CASCADE,
    redirect_uri text NOT NULL,
    challenge text NOT NULL,
    uses integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE UNLOGGED TABLE issuer.attempt (
    mark bytea PRIMARY KEY,
    browser bytea NOT NULL,
    realm text NOT NULL,
    asked jsonb NOT NULL,
    language text NOT NULL,
    account uuid REFERENCES issuer.account ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE issuer.browser (
    mark bytea,
    account uuid REFERENCES issuer.account ON DELETE CASCADE,
    failures integer NOT NULL DEFAULT 0,
    failed_at timestamptz,
    locked_until timestamptz,
    seen_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (mark, account)
);
CREATE INDEX ON issuer.browser (account);
CREATE INDEX ON issuer.browser (seen_at);

CREATE UNLOGGED TABLE issuer.address (
    mark bytea PRIMARY KEY,
    guesses double precision NOT NULL,
    guessed_at timestamptz NOT NULL DEFAULT now()
);

GRANT USAGE ON SCHEMA issuer TO pinakes_issuer;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA issuer TO pinakes_issuer;
