"""From the bytes of a picture to its faces and their vectors; numpy and OpenCV only.

decode -> pyramid -> tiles -> [pnet] -> propose -> boxes -> refine [rnet] -> refine [onet], in the
order of `cascade.py`; then align -> [embedder], in that of `recognize.py`.
"""
