"""How good are the faces, the names and the digits? One file per question, and a folder of parts for each subject."""
