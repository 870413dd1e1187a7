/* policy_inspect(): which changes of .git/config are harmless. */
#include "policy/policy.h"
#include "tests/unit/tap.h"

#define BASE                                                                                       \
	"[core]\n\tbare = false\n\thooksPath = .husky\n[remote \"origin\"]\n\turl = git@h:x.git\n"

static const struct {
	const char *old, *text;
	bool harmless;
} cases[] = {
	{NULL, "", true},
	{NULL, "# nothing\n; here\n\n", true},
	{NULL, "[core]\nbare = false\n[user]\nname = A \"B\" C\nemail=a@b\n", true},
	{NULL, "[branch \"main\"]\n remote = origin\n merge = refs/heads/main\n", true},
	{NULL, "[remote \"o\"]\nurl = https://h/x\nfetch = +refs/heads/*:refs/remotes/o/*\n", true},
	{NULL, "[extensions]\nworktreeConfig = true\n", true},
	{NULL, "[core]\nfsmonitor = true\n", true},
	{NULL, "[core]\nfsmonitor\n", true},
	{NULL, "[core]\nfsmonitor = ./x\n", false},
	{NULL, "[core]\nexcludesFile = x\n", true},
	{NULL, "[http]\nproxy = http://p\n", true},
	{NULL, "[url \"git@github.com:\"]\ninsteadOf = https://github.com/\n", true},
	{BASE, BASE, true},
	{BASE, BASE "[user]\nname=x\n", true},
	{BASE, "[core] hookspath = .husky\n", true},
	{BASE, "[CORE]\nHOOKSPATH = \".husky\"\n", true},
	{BASE, "[core]\nhooksPath = .husky ; the same\n", true},
	{BASE, "[core]\nhooksPath = .hus\\\nky\n", true},
	{BASE, "[core]\nhooksPath = .evil\n", false},
	{BASE, "[core]\nhooksPath = .husky\nhooksPath = .evil\n", false},
	{NULL, "[core]\nhooksPath = .husky\n", false},
	{NULL, "[core] hooksPath=x", false},
	{NULL, "[core]\nhooks\\\nPath=x", false},
	{NULL, "[CoRe]\nSSHcommand=x", false},
	{NULL, "[core]\neditor=x", false},
	{NULL, "[core]\npager=x", false},
	{NULL, "[core]\naskPass=x", false},
	{NULL, "[core]\ngitProxy=x", false},
	{NULL, "[core]\nalternateRefsCommand=x", false},
	{NULL, "[core]\nattributesFile=x", false},
	{NULL, "[core]\nworktree=/", false},
	{NULL, "[alias]\nx = !sh", false},
	{NULL, "[alias \"x\"]\nfoo = !sh", false},
	{NULL, "[credential]\nhelper=x", false},
	{NULL, "[credential \"https://h\"]\nhelper=x", false},
	{NULL, "[diff \"x\"]\ntextconv=x", false},
	{NULL, "[diff.x]\ncommand=x", false},
	{NULL, "[diff]\nexternal=x", false},
	{NULL, "[difftool \"x\"]\ncmd=x", false},
	{NULL, "[mergetool \"x\"]\npath=x", false},
	{NULL, "[merge \"x\"]\ndriver=x", false},
	{NULL, "[filter \"x\"]\nclean=x", false},
	{NULL, "[filter \"x\"]\nsmudge=x", false},
	{NULL, "[filter \"x\"]\nprocess=x", false},
	{NULL, "[include]\npath=x", false},
	{NULL, "[includeIf \"gitdir:/\"]\npath=x", false},
	{NULL, "[gpg]\nprogram=x", false},
	{NULL, "[gpg \"ssh\"]\nprogram=x", false},
	{NULL, "[gpg \"ssh\"]\ndefaultKeyCommand=x", false},
	{NULL, "[uploadpack]\npackObjectsHook=x", false},
	{NULL, "[remote \"o\"]\nuploadpack=x", false},
	{NULL, "[remote \"o\"]\nvcs=x", false},
	{NULL, "[remote \"o\"]\nurl=ext::sh -c x", false},
	{NULL, "[remote \"o\"]\nurl=\"ext\"::sh", false},
	{NULL, "[remote \"o\"]\npushurl=-x", false},
	{NULL, "[branch \"main\"]\nremote=ext::sh", false},
	{NULL, "[url \"ext::sh -c x\"]\ninsteadOf=https://", false},
	{NULL, "[submodule \"x\"]\nupdate = !sh", false},
	{NULL, "[submodule \"x\"]\nupdate = rebase", true},
	{NULL, "[submodule \"x\"]\nurl = ext::sh", false},
	{NULL, "[protocol]\nallow=always", false},
	{NULL, "[protocol \"ext\"]\nallow=always", false},
	{NULL, "[browser \"x\"]\ncmd=x", false},
	{NULL, "[man]\nviewer=x", false},
	{NULL, "[web]\nbrowser=x", false},
	{NULL, "[interactive]\ndiffFilter=x", false},
	{NULL, "[pager]\nlog=x", false},
	{NULL, "[trailer \"x\"]\ncommand=x", false},
	{NULL, "[sendemail]\nsmtpserver=/x", false},
	{NULL, "[sequence]\neditor=x", false},
	{NULL, "[init]\ntemplateDir=x", false},
	{NULL, "[new]\nstartCommand=x", false},
	{NULL, "[lfs \"customtransfer.x\"]\npath=x", false},
	{NULL, "[core\nbare=x", false},
	{NULL, "bare = x\n", false},
	{NULL, "[core]\nbare = \"x\n", false},
	{NULL, "[core]\nbare = \\q\n", false},
	{NULL, "[core]\n= x\n", false},
	{NULL, "[core]\nbare x\n", false},
	{NULL, "[]\n", false},
	{NULL, "[a \"b]\n", false},
	{NULL, "junk", false},
	{NULL, "\xef\xbb\xbf[core]\r\nbare = false\r\n", true},
	{NULL, "\xef\xbb\xbf[core]\r\nhookspath = x\r\n", false},
	{"[broken", "[core]\nhookspath = x\n", false},
	{"[a]\nhook=x\n", "[b]\nhook=x\n", false},
	{"[a \"S\"]\nhook=x\n", "[a \"s\"]\nhook=x\n", false},
	{"[a]\nhook\n", "[a]\nhook=\n", false},
};

static void run_splits(void)
{
	static const char text[] = "[core]\nbare = \"a;b\" # c\n[a \"q\\\"x\"] k = v\\\n w\n";
	bool good = true;

	/* Any prefix is read to its end and no further (ASan watches). */
	for (size_t n = 0; n < sizeof(text); n++) {
		char *copy = malloc(n ? n : 1);

		if (!copy)
			exit(1);
		memcpy(copy, text, n);
		(void)policy_inspect(INSPECT_GIT_CONFIG, NULL, copy, n, copy, n, NULL, 0);
		if (n == sizeof(text) - 1)
			good = policy_inspect(INSPECT_GIT_CONFIG, NULL, NULL, 0, copy, n, NULL, 0);
		free(copy);
	}
	ok(good, "prefixes of a file are read within bounds");
}

int main(void)
{
	char why[200] = "", *big = calloc(1, 1 << 20);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *old = cases[i].old, *text = cases[i].text;
		bool got = policy_inspect(INSPECT_GIT_CONFIG, NULL, old, old ? strlen(old) : 0, text,
					  strlen(text), why, sizeof(why));

		ok(got == cases[i].harmless, "case %zu is %sharmless (%s)", i,
		   cases[i].harmless ? "" : "not ", got ? "" : why);
		if (got != cases[i].harmless)
			fputs(text, stderr);
	}
	ok(!policy_inspect(INSPECT_GIT_CONFIG, NULL, NULL, 0, "[a]\n\0x=y", 9, why, sizeof(why)),
	   "a NUL byte");
	ok(policy_inspect(INSPECT_GIT_CONFIG, "/w/r/.git/modules/s/config", NULL, 0,
			  "[core]\n\tworktree = ../../../s\n", 30, why, sizeof(why)),
	   "a submodule's work tree in its repository");
	ok(!policy_inspect(INSPECT_GIT_CONFIG, "/w/r/.git/modules/s/config", NULL, 0,
			   "[core]\n\tworktree = ../../../../s\n", 33, why, sizeof(why)),
	   "a work tree outside");
	ok(!policy_inspect(INSPECT_GIT_CONFIG, "/w/r/.git/config", NULL, 0,
			   "[core]\n\tworktree = ..\n", 22, why, sizeof(why)),
	   "a work tree of a repository that is no submodule");
	ok(!policy_inspect(INSPECT_NONE, NULL, NULL, 0, "", 0, why, sizeof(why)), "an unknown kind");
	ok(!policy_inspect(INSPECT_GIT_CONFIG, NULL, NULL, 0, "[diff \"x\"]\ncommand=y", 20, why,
			   sizeof(why)) &&
		   streq(why, "line 2 sets diff.x.command"),
	   "the reason names the entry (%s)", why);
	if (big) {
		memset(big, '\n', 1 << 20);
		ok(!policy_inspect(INSPECT_GIT_CONFIG, NULL, NULL, 0, big, 1 << 20, why, sizeof(why)),
		   "too large");
	}
	free(big);
	run_splits();
	return tap_done();
}
