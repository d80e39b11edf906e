"""The protocol: OAuth 2.0 and OpenID Connect endpoints, the only place with Authlib.

Routes: /authorize with /resume and /cancel, /par, /device_authorization, /token,
/userinfo, /revoke, /introspect, /end_session, /jwks.json and /.well-known/*.
`authorization` is the dispatcher that alone decides the next step, `decoupled` holds
what is asked at one device and answered at another; `door` answers programs before
Flask sees the request; `protected` guards what tokens open, `binding` to whom they are
bound. Shows no page but form_post, and reaches `web` only by endpoint name.
"""
