# gpg: a key in a GNUPGHOME of the workspace; the agent starts, signs, decrypts
# needs: gpg gpgconf
# limit: 120
# ignore: ^ws/g(/|$)
# volatile: \.(asc|gpg)$
export GNUPGHOME=$PWD/g
mkdir -m 700 g
gpg --batch --quiet --pinentry-mode loopback --passphrase '' --quick-generate-key 'E2E <e2e@example.org>' ed25519 sign never 2>/dev/null
echo "generated $?"
fpr=$(gpg --batch --with-colons --list-secret-keys 2>/dev/null | awk -F: '/^fpr/ {print $10; exit}')
gpg --batch --quiet --pinentry-mode loopback --passphrase '' --quick-add-key "$fpr" cv25519 encr never 2>/dev/null
echo "subkey $?"
gpg --batch --with-colons --list-keys 2>/dev/null | grep -cE '^(pub|sub)'
echo text >text
gpg --batch --quiet --armor --detach-sign text 2>/dev/null
gpg --batch --verify text.asc text 2>&1 | grep -o 'Good signature'
gpg --batch --quiet --trust-model always -r e2e@example.org -o text.gpg -e text 2>/dev/null
gpg --batch --quiet -d text.gpg 2>/dev/null
gpg-connect-agent 'getinfo version' /bye 2>/dev/null | tail -n 1
gpgconf --kill gpg-agent
gpg --batch --quiet --armor --export e2e@example.org >public.asc && grep -c BEGIN public.asc
printf 'pw' | gpg --batch --quiet --pinentry-mode loopback --passphrase-fd 0 --s2k-count 65536 -c -o sym.gpg text 2>/dev/null
echo "symmetric $?"
gpgconf --kill all
