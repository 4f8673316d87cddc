"""Boxes of faces as plain numbers."""


def box(face) -> tuple[float, float, float, float]:
    """x_min, y_min, x_max, y_max of a face, in pixels."""
    return face.box.x_min, face.box.y_min, face.box.x_max, face.box.y_max


def iou(a, b) -> float:
    """The intersection of two boxes over their union."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    common = max(width, 0) * max(height, 0)
    return common / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common)
