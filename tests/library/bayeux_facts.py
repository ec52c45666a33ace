"""What is known of the CometD endpoint, of logins and of tokens; most of it the simulator does by itself."""

from __future__ import annotations

from tests.library.fact import Section, not_played, played, tested
from tests.library.signs import ANY, answered, demanded, either, holds, operation, said, struck

_ENDPOINT = Section(
    title="4.1 The endpoint and its transports",
    facts=(
        tested(
            "`/api/v2/notifications`",
            "tests/matrix/test_matrix.py::test_an_agent_accepts_its_chat_hears_of_it_in_order_and_leaves",
        ),
        tested(
            "`/handshake`, `/connect` and `/disconnect` behind it, or nothing",
            "tests/bayeux/test_handshake.py::test_a_handshake_names_a_client_the_version_the_transports_and_the_times",
        ),
        not_played(
            "`/genesys/cometd`", "Guides that are unreliable name it; `cometd: {path: …}` takes any path."
        ),
        tested(
            "WebSocket not offered: clients fall back",
            "tests/server/test_sockets.py::test_an_upgrade_is_refused_where_the_scenario_has_no_sockets_and_polls_go_on",
        ),
        tested(
            "A body that is one object and no array",
            "tests/bayeux/test_handshake.py"
            "::test_a_single_object_is_as_good_as_an_array_of_one_and_answered_with_an_array",
        ),
    ),
)

_EXCHANGE = Section(
    title="4.2 What is exchanged",
    facts=(
        tested(
            "`/meta/handshake`: clientId, advice, `BAYEUX_BROWSER`",
            "tests/bayeux/test_handshake.py::test_a_handshake_names_a_client_the_version_the_transports_and_the_times",
            "tests/bayeux/test_handshake.py::test_a_handshake_sets_the_browser_cookie_only_if_the_request_has_none",
        ),
        tested(
            "A handshake has to be alone in its batch",
            "tests/bayeux/test_handshake.py::test_a_handshake_in_company_is_refused_and_nobody_is_welcomed",
        ),
        tested(
            "The first `/meta/connect` is answered at once",
            "tests/bayeux/test_connect.py::test_the_first_connect_is_answered_at_once_whatever_its_advice",
        ),
        tested(
            "A connect without news is held",
            "tests/bayeux/test_connect.py::test_a_connect_without_news_is_held_and_answered_empty_at_its_deadline",
        ),
        tested(
            "Only a lone connect is held",
            "tests/bayeux/test_connect.py::test_a_connect_in_company_is_never_held",
        ),
        tested(
            "`/meta/subscribe`, with one channel or several",
            "tests/bayeux/test_subscribe.py::test_a_subscription_is_answered_in_the_shape_it_was_asked",
        ),
        tested(
            "`/meta/unsubscribe`",
            "tests/bayeux/test_subscribe.py::test_nothing_comes_any_more_of_what_was_unsubscribed",
        ),
        tested(
            "`/meta/disconnect`",
            "tests/bayeux/test_session_life.py"
            "::test_a_disconnect_releases_the_connect_that_waits_and_tells_it_to_stay_away",
        ),
        tested(
            "Events first, then the replies",
            "tests/bayeux/test_connect.py::test_news_releases_the_connect_at_once_events_first",
        ),
        tested(
            "Events ride on any reply",
            "tests/bayeux/test_dialects.py::test_events_ride_on_any_reply_but_with_faye_on_connects_only",
        ),
        tested(
            "What is no poll: HTTP 400",
            "tests/server/test_polls.py::test_what_is_no_poll_is_told_so_in_cometds_words",
        ),
        tested("`OPTIONS`: 200", "tests/server/test_cors.py::test_a_preflight_is_answered_for_every_path"),
    ),
)

_UNKNOWN = "tests/bayeux/test_session_life.py::test_who_is_unknown_is_told_402_and_on_connect_to_shake_hands"
_REFUSED = "tests/bayeux/test_dialects.py::test_what_is_refused_and_in_which_words"

_SESSIONS = Section(
    title="4.3 Bayeux errors",
    facts=(
        played("`402::Unknown client`, then a handshake", struck("unknown-client"), _UNKNOWN),
        tested(
            "… with another browser's cookie",
            "tests/bayeux/test_tabs.py"
            "::test_another_browsers_client_is_unknown_where_cookies_have_to_be_the_same",
        ),
        tested(
            "`400::channel missing`",
            "tests/bayeux/test_subscribe.py::test_a_message_to_no_channel_is_refused",
        ),
        tested(
            "`403::Handshake denied`, reconnect none",
            "tests/faults/test_bayeux.py::test_a_handshake_is_refused_as_the_dialect_says_it",
        ),
        tested(
            "`403::subscription_missing`",
            "tests/bayeux/test_subscribe.py::test_a_subscription_that_is_left_out_is_missing",
        ),
        tested(
            "`403::subscription_invalid`",
            "tests/bayeux/test_subscribe.py::test_what_cannot_be_subscribed_is_refused_whole",
        ),
        tested(
            "`403:…:subscribe_denied`",
            "tests/faults/test_bayeux.py::test_a_subscription_is_refused_and_nothing_of_it_comes",
        ),
        tested("A channel that nobody may publish to", _REFUSED),
        not_played(
            "`404::message deleted`",
            "An extension of the server's deletes a message; GWS is not known to have one.",
        ),
        tested(
            "A second tab: `multiple-clients`, every 2 s",
            "tests/bayeux/test_tabs.py::test_a_second_tab_polls_every_two_seconds_while_the_first_is_held",
        ),
        tested(
            "… turned away where there is no interval for it",
            "tests/bayeux/test_tabs.py::test_a_tab_too_many_is_turned_away_where_there_is_no_interval_for_it",
        ),
        tested(
            "Silence, after which a client is forgotten",
            "tests/bayeux/test_session_life.py"
            "::test_a_client_that_stays_silent_is_forgotten_ten_seconds_after_its_last_connect",
        ),
        tested(
            "Acknowledgement, where it is offered",
            "tests/bayeux/test_ack.py::test_the_extension_is_granted_to_whoever_asks_and_to_nobody_else",
        ),
    ),
)

_TIMES = Section(
    title="4.4 and 4.5 Times, and what a server can be set to",
    facts=(
        tested(
            "timeout and interval, as clients are advised",
            "tests/bayeux/test_connect.py::test_the_times_of_the_scenario_are_what_clients_are_advised",
        ),
        tested(
            "maxSessionsPerBrowser, multiSessionInterval",
            "tests/bayeux/test_tabs.py::test_all_tabs_are_held_unless_the_scenario_says_otherwise",
        ),
        tested(
            "maxNetworkDelay of a client, passed",
            "tests/faults/test_bayeux.py::test_a_connect_is_held_past_its_timeout_but_not_past_news",
        ),
        tested(
            "`crossOriginSettings`",
            "tests/server/test_cors.py::test_a_page_of_the_contact_centre_may_call_a_simulator_on_loopback",
        ),
        tested(
            "`externalApiUrlV2`: the address dialled",
            "tests/simulator/test_variables.py::test_each_client_reads_the_address_it_dialled",
        ),
        played(
            "`includeMessageType`: SendMessage's comes back", holds(type="Text", index=ANY, messageType=ANY)
        ),
        tested(
            "`jetty: sessionMaxInactiveInterval`: a login that expires",
            "tests/faults/test_connections.py::test_an_expired_login_is_refused_until_somebody_logs_in_again",
        ),
        not_played(
            "Cookies' flags, cache of CORS, `iwsDispositionCodeSync`",
            "The simulator's cookies are its own, with flags that suit it; nothing shows the others.",
        ),
    ),
)

_LOGINS = Section(
    title="4.6 Logins, cookies, CSRF",
    facts=(
        tested(
            "HTTP Basic",
            "tests/simulator/test_agents.py::test_basic_credentials_name_their_user_and_others_are_known_by_a_digest",
        ),
        not_played(
            "SAML, `SUSERNAME`, `SSID`", "Other servers' part; who comes with their cookies is an agent."
        ),
        tested(
            "`JSESSIONID` from the first answer, and with CometD's requests",
            "tests/simulator/test_agents.py::test_the_cookie_of_a_rest_answer_names_the_agent_too",
        ),
        tested(
            "Authorization with CometD's requests",
            "tests/simulator/test_agents.py::test_the_user_in_authorization_is_the_agent",
        ),
        played(
            "No credentials: 403 and 20",
            either(demanded("Authorization", unless_cookie=True), answered(403, statusCode=20)),
        ),
        played(
            "CSRF: the token with what changes something",
            demanded("X-CSRF-TOKEN"),
            "tests/library/test_sessions.py"
            "::test_a_desktop_needs_the_token_for_whatever_changes_something_and_for_cometd",
        ),
        played("CSRF: a GET gives it", demanded("X-CSRF-TOKEN", given=ANY)),
        played("CSRF: 403 without it", said("Missing or invalid Csrf token", 403)),
        played(
            "`EndContactCenterSession`, after which all is refused",
            operation("EndContactCenterSession", "POST /api/v2/me"),
        ),
        tested(
            "An HTTP session that has expired, during a poll too",
            "tests/faults/test_connections.py::test_an_expired_login_is_refused_until_somebody_logs_in_again",
        ),
    ),
)

BAYEUX = (_ENDPOINT, _EXCHANGE, _SESSIONS, _TIMES, _LOGINS)
