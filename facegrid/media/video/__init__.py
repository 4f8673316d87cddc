"""Videos in and out, by PyAV: files, cameras and network streams as upright frames, and frames as an H.264 file.

source -> streams -> (decoder) -> damage -> times -> shape -> reader -> whoever asks for frames
"""
