"""What keeps the local stack up: supervisord, the parts that it runs, and a keeper that restarts supervisord itself.

    up --foreground, or keeper  --restarts-->  supervisord  --restarts-->  part  --starts-->  serve_host, tls_proxy
                    ^                               |
                    '-----------restarts------------'

Any of these may be killed at any moment, and the others put it back.
"""
