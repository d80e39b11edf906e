"""What people call the members of a registration, beside their registered names."""

from idp.web.language import phrase

# RFC 7591, RFC 8705, RFC 9101, OpenID Connect Registration 1.0, CIBA, and our own.
LABELS = {
    "client_name": phrase("Name of the portal"),
    "client_uri": phrase("Website"),
    "logo_uri": phrase("Picture"),
    "policy_uri": phrase("Privacy policy"),
    "tos_uri": phrase("Terms of use"),
    "contacts": phrase("Contacts"),
    "redirect_uris": phrase("Addresses to return to after a sign-in"),
    "post_logout_redirect_uris": phrase("Addresses to return to after signing out"),
    "application_type": phrase("Kind of application: on the web, or installed"),
    "scope": phrase("What it may ask for"),
    "claims_policy": phrase("Why it asks for each value"),
    "authorization_details_types": phrase("Detailed requests that it may make"),
    "sector": phrase("Sector, from which people's pseudonyms come"),
    "sector_identifier_uri": phrase("List of addresses that share people's pseudonyms"),
    "subject_type": phrase("Whether each portal sees another pseudonym"),
    "minimum_acr": phrase("Lowest level of a sign-in"),
    "default_acr_values": phrase("Level of a sign-in that it asks for"),
    "default_max_age": phrase("Seconds after which people sign in anew"),
    "require_auth_time": phrase("It wants to know when people signed in"),
    "token_endpoint_auth_method": phrase("How it proves itself"),
    "token_endpoint_auth_signing_alg": phrase("Algorithm by which it proves itself"),
    "tls_client_auth_subject_dn": phrase(
        "Name in the certificate by which it proves itself"
    ),
    "tls_client_auth_san_dns": phrase(
        "Host in the certificate by which it proves itself"
    ),
    "tls_client_auth_san_uri": phrase(
        "Address in the certificate by which it proves itself"
    ),
    "tls_client_auth_san_ip": phrase(
        "IP address in the certificate by which it proves itself"
    ),
    "tls_client_auth_san_email": phrase(
        "E-mail in the certificate by which it proves itself"
    ),
    "jwks": phrase("Its public keys"),
    "jwks_uri": phrase("Where its public keys are"),
    "grant_types": phrase("Ways to get tokens"),
    "response_types": phrase("What a sign-in answers with"),
    "resources": phrase("Its own APIs"),
    "allowed_resources": phrase("APIs of others that it may call"),
    "egress_networks": phrase("Networks that its servers call from"),
    "require_pkce": phrase("PKCE is required"),
    "require_nonce": phrase("A nonce is required"),
    "require_pushed_authorization_requests": phrase(
        "Its requests come from its server, not through the browser"
    ),
    "require_signed_request_object": phrase("Its requests must be signed"),
    "request_object_signing_alg": phrase("Algorithm of its signed requests"),
    "backchannel_authentication_request_signing_alg": phrase(
        "Algorithm of its signed calls to citizens"
    ),
    "dpop_bound_access_tokens": phrase("Tokens work with its key only (DPoP)"),
    "tls_client_certificate_bound_access_tokens": phrase(
        "Tokens work with its certificate only"
    ),
    "profile": phrase("Security profile"),
    "id_token_signed_response_alg": phrase("Algorithm that signs the ID token"),
    "userinfo_signed_response_alg": phrase("Algorithm that signs the data of people"),
    "authorization_signed_response_alg": phrase(
        "Algorithm that signs the answer of a sign-in"
    ),
    "introspection_signed_response_alg": phrase(
        "Algorithm that signs answers about tokens"
    ),
    "id_token_encrypted_response_alg": phrase("Encryption of the ID token"),
    "userinfo_encrypted_response_alg": phrase("Encryption of the data of people"),
    "authorization_encrypted_response_alg": phrase(
        "Encryption of the answer of a sign-in"
    ),
    "introspection_encrypted_response_alg": phrase(
        "Encryption of answers about tokens"
    ),
    "id_token_encrypted_response_enc": phrase("Encryption of the ID token's content"),
    "userinfo_encrypted_response_enc": phrase(
        "Encryption of the content of the data of people"
    ),
    "authorization_encrypted_response_enc": phrase(
        "Encryption of the content of the answer of a sign-in"
    ),
    "introspection_encrypted_response_enc": phrase(
        "Encryption of the content of answers about tokens"
    ),
    "backchannel_logout_uri": phrase("Where sign-outs are told"),
    "backchannel_logout_session_required": phrase("Told sign-outs name the session"),
    "frontchannel_logout_uri": phrase("Page that the browser opens at a sign-out"),
    "frontchannel_logout_session_required": phrase("That page is told the session"),
    "backchannel_token_delivery_mode": phrase(
        "How it hears that a citizen has answered its call"
    ),
    "backchannel_client_notification_endpoint": phrase(
        "Where it hears that a citizen has answered its call"
    ),
    "software_id": phrase("Software"),
    "software_version": phrase("Version of the software"),
    "software_statement": phrase("Statement of who vouches for the software"),
    "security_certificate": phrase("Certificate of security level 3"),
}
