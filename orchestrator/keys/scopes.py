"""The scopes of a key, and the scope that each method needs."""

DETECT = "detect"
RECOGNISE = "recognise"
MANAGE = "manage"
GENERATE = "generate"

SCOPES: dict[str, str] = {
    DETECT: "find faces",
    RECOGNISE: "turn faces into vectors, compare them, say whose they are",
    MANAGE: "enrol, list and delete people",
    GENERATE: "make pictures, and judge them",
}
"""Every scope, and what it allows. No scope includes another."""

SCOPE_OF: dict[str, str] = {
    "Detect": DETECT,
    "DetectStream": DETECT,
    "Embed": RECOGNISE,
    "EmbedStream": RECOGNISE,
    "Verify": RECOGNISE,
    "Identify": RECOGNISE,
    "IdentifyStream": RECOGNISE,
    "IdentifyVideo": RECOGNISE,
    "Enroll": MANAGE,
    "EnrollStream": MANAGE,
    "ListSubjects": MANAGE,
    "GetSubject": MANAGE,
    "DeleteSubject": MANAGE,
    "Generate": GENERATE,
    "Discriminate": GENERATE,
}
"""The scope that each method of facegrid.v1 needs, by its name. A method that is missing here is refused."""
