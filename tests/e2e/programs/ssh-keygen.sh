# ssh-keygen: keys of three kinds, public halves, signatures, known hosts; in the workspace
# needs: ssh-keygen
# volatile: key
# volatile: \.sig$
set -e
for t in ed25519 rsa ecdsa; do
	ssh-keygen -q -t "$t" -N '' -C "$t@e2e" -f "key-$t"
	ssh-keygen -y -f "key-$t" | cut -d' ' -f1,3
	ssh-keygen -l -f "key-$t.pub" | awk '{print $1, $3, $4}'
done
ssh-keygen -q -p -P '' -N secret -f key-ed25519
ssh-keygen -y -P wrong -f key-ed25519 2>/dev/null || echo "wrong passphrase"
echo data >data
ssh-keygen -q -Y sign -f key-rsa -n file data 2>/dev/null && test -s data.sig && echo signed
echo "me $(cat key-rsa.pub)" >allowed_signers_key
ssh-keygen -Y verify -f allowed_signers_key -I me -n file -s data.sig <data | cut -d' ' -f1-3
ssh-keygen -e -f key-rsa.pub | head -1
