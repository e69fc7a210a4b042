"""The embedded OpenID Connect issuer: to its clients it is Keycloak, in one small process."""
