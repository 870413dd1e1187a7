# Debian's own test_socket: the same tests fail, or none, as without us
# needs: /usr/bin/python3
# limit: 300
# long: it sleeps for most of a minute, twice
# ignore: .
export PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 "$E2E/programs/pytest.py" test_socket
