"""One event, whichever way it came."""


class Event:
    def __init__(self, request_id, deadline_ms, body, content_type="application/json"):
        self.request_id = request_id
        self.deadline_ms = deadline_ms
        self.body = body
        self.content_type = content_type
        self.arn = None
        self.trace_id = ""
        self.tenant_id = None
        # JSON texts.
        self.client_context = None
        self.cognito_identity = None
