/* policy - turns rules into verdicts. A policy is compiled once by policy_load() and never changes
 * afterwards; policy_decide() and every other query do no I/O, wait for nobody and never log: call them from
 * any thread. They allocate for each regex the first few times that they meet it, which policy_warm() can do
 * ahead; a regex for which there is no memory counts against the action. The grammar is in docs/crust-policy.5.
 *
 * Words: an *action* is one operation on one object; a *rule* has an effect (block, ask, allow), patterns
 * and conditions; the *verdict* is the strongest effect among the rules that apply (DESIGN: locked built-in
 * block, block, ask, allow, the default for the operation). */
#pragma once

#include "base/base.h"
#include "base/err.h"

struct policy;
struct shell_analysis;

enum policy_op {
	POLICY_READ = 0,
	POLICY_WRITE,
	POLICY_DELETE,
	POLICY_LIST,
	POLICY_EXEC,
	POLICY_CONNECT,
	POLICY_OP_COUNT, /* so far what a system call can do; the rest comes from protocols and texts */
	POLICY_CONTENT = POLICY_OP_COUNT, /* bytes that are written, sent, or shown to a model */
	POLICY_TOOL,			  /* an agent's tool call as such */
	POLICY_OPS_ALL
};

enum policy_verdict { VERDICT_DENY = 0, VERDICT_ASK, VERDICT_ALLOW, VERDICT_COUNT };

enum policy_severity { SEVERITY_LOW = 0, SEVERITY_MEDIUM, SEVERITY_HIGH, SEVERITY_CRITICAL, SEVERITY_COUNT };

/* What a rule wants looked at before it denies a change of a file: see policy_inspect(). */
enum policy_inspect { INSPECT_NONE = 0, INSPECT_GIT_CONFIG, INSPECT_COUNT };

const char *policy_op_name(enum policy_op op);         /* "read" … */
const char *policy_verdict_name(enum policy_verdict v); /* "deny", "ask", "allow" */
const char *policy_severity_name(enum policy_severity s);

/* Where a policy comes from. All strings are borrowed for the call. */
struct policy_config {
	const char *home;         /* absolute; what ~ and $HOME mean */
	const char *workspace;    /* absolute; what relative patterns and `workspace` mean */
	const char *const *files; /* the user's policies, in order; --policy */
	size_t n_files;
	const char *project;      /* a project's file, or NULL; may only tighten, need not exist */
	bool no_builtin;          /* tests only */
	bool no_examples;         /* leave the rules' examples to the caller: policy_run_examples() */
	/* Directory in which compiled policies are kept, to be made in one that exists; NULL: none. Absolute, and
	 * one that the policy protects. What goes wrong with it is no error. */
	const char *cache;
};

/* Read, check and compile. Built-in rules come first, then @files (with their includes), then @project.
 * On success *ret is for policy_free(). On failure *ret is untouched and @reterr reads
 * "file:line:column: what was expected". Return: 0; -EBADMSG for a bad policy; another -errno. */
int policy_load(const struct policy_config *cfg, struct policy **ret, struct err *reterr);
struct policy *policy_free(struct policy *p); /* NULL is fine; returns NULL */

/* Do now what policy_decide() would do the first time that it meets a regex. From any thread. */
void policy_warm(const struct policy *p);

/* A destination of connect, sendto, bind… Exactly one of: has_addr, unix_path, or a bare host name. */
struct policy_dest {
	const char *host;      /* name as asked for, or NULL if only the address is known */
	bool has_addr;
	uint8_t addr[16];      /* IPv6, or IPv4 as ::ffff:a.b.c.d (RFC 4291 2.5.5.2) */
	uint16_t port;         /* host order; 0 = any/unknown */
	const char *unix_path; /* absolute normalised path, or the abstract name without its NUL */
	bool unix_abstract;
};

struct policy_action {
	enum policy_op op;
	/* read, write, delete, list: the object. exec: the program as resolved. connect: NULL.
	 * Absolute, no "." or ".." or "//" in it, no trailing slash (but "/"). */
	const char *path;
	/* exec: NULL-terminated; NULL: @path is a file that a command runs, as an interpreter its script. */
	const char *const *argv;
	const struct policy_dest *dest;
	/* Absolute path of the program that performs the action; NULL = not known. Some rules spare a
	 * program (`unless_by`); while it is not known they apply. */
	const char *by;

	/* What only texts and protocols have; zero from a system call. */
	const struct shell_analysis *shell; /* exec: what the command's text means, or NULL */
	unsigned command;	/* exec with @shell: which of its commands; POLICY_WHOLE_TEXT: the text itself */
	const char *text;	/* exec: the whole text; content: the bytes. May be NULL */
	size_t text_len;
	const char *secret;	/* content: name of a secret's format that was found in it (secrets.h), or NULL */
	const char *tool, *server, *input; /* tool: its name, its MCP server or NULL, its input as compact JSON */
	bool unknown;		/* the object (path, destination) is one that only a run would tell; @path is NULL */
};
#define POLICY_WHOLE_TEXT UINT32_MAX

struct policy_decision {
	enum policy_verdict verdict;
	const char *rule;     /* its name; "default" when no rule applied. Lives as long as the policy */
	const char *message;  /* for the agent: what to do instead; "" if none */
	const char *source;   /* "builtin", or "file:line" of the rule */
	const char *stage;    /* which part decided: "path", "command", "destination", "content", "tool", "default" */
	enum policy_severity severity;
	enum policy_inspect inspect; /* != INSPECT_NONE: a change may pass policy_inspect(), and then
				      * nothing else is in its way. A removal is a change to nothing */
	bool wants_by;        /* the answer may differ once action.by is known: ask again with it */
};

void policy_decide(const struct policy *p, const struct policy_action *a, struct policy_decision *ret);

/* The smallest change of the user's policy that would allow @a, as one YAML rule on one line
 * ("allow: …"), or, for a locked rule, a sentence that says it cannot be lifted. Cut to @size. */
void policy_suggest(const struct policy *p, const struct policy_action *a,
		    const struct policy_decision *d, char *buf, size_t size);

/* Moving a directory from @from to @to changes the name of everything below it. True if some block or
 * ask rule could treat a name below @from otherwise than the same name below @to; then *ret_rule (may be
 * NULL) is one such rule's decision. Conservative: may say true where no existing file is concerned. */
bool policy_boundary(const struct policy *p, const char *from, const char *to,
		     struct policy_decision *ret_rule);

/* Could any rule decide @op otherwise than a plain allow, for some object? If not, calls that only
 * perform @op need not be trapped. */
bool policy_op_matters(const struct policy *p, enum policy_op op);

/* Names that a hard link could hide: calls @fn for each pattern of block and ask rules on @ops (bit i =
 * enum policy_op i), expanded and absolute or beginning with a "**" component. Stops when @fn returns false. */
bool policy_each_guard(const struct policy *p, unsigned ops, bool (*fn)(const char *pattern, void *arg),
		       void *arg);

/* Does @pattern (glob of crust-policy(5), already expanded) match @path? Plain walk, for tools and index. */
bool policy_glob(const char *pattern, const char *path);

/* Is the change of the file @path (absolute; NULL: anywhere) from @old (NULL: does not exist) to @new_
 * harmless in the eyes of @kind? Sizes in bytes. False on anything that is not understood. @why (may be
 * NULL) says which part is not. */
bool policy_inspect(enum policy_inspect kind, const char *path, const char *old, size_t old_len, const char *new_,
		    size_t new_len, char *why, size_t why_size);

/* Is the environment variable @name to be kept from @program (base name of the agent, "claude")? */
bool policy_env_hides(const struct policy *p, const char *name, const char *program);

/* Files that the policy was read from (NULL-terminated; includes and missing optional files too), for
 * the watcher. Lives as long as the policy. */
const char *const *policy_files(const struct policy *p);

/* For `crust plan` and `crust rules`: rules in precedence order. */
enum policy_effect { EFFECT_BLOCK = 0, EFFECT_ASK, EFFECT_ALLOW, EFFECT_COUNT };
struct policy_rule_info {
	const char *name, *message, *description, *source;
	enum policy_effect effect;
	enum policy_severity severity;
	unsigned ops;      /* bit i = enum policy_op i */
	bool locked, builtin, has_paths, has_command, has_dest, has_host_name;
	bool only_asked; /* is about texts, tool calls, content: holds for no system call */
	size_t n_examples;
	const char *const *patterns; /* as written, NULL-terminated */
	const char *lifted_by;       /* name of the rule that lifts it everywhere or in part, or NULL */
};
/* Calls @each for each condition under match (@group NULL), all and any ("all 1", "any 2"), with what was written. */
typedef void policy_cond_fn(const char *group, const char *key, const char *const *texts, size_t n, void *arg);
void policy_rule_conds(const struct policy *p, size_t i, policy_cond_fn *each, void *arg);

/* What is allowed in a policy but hardly meant: calls @fn with the place and name of a rule. Returns how often. */
typedef void policy_lint_fn(const char *source, const char *rule, const char *text, void *arg);
unsigned policy_lint(const struct policy *p, bool builtin_too, policy_lint_fn *fn, void *arg);

size_t policy_rule_count(const struct policy *p);
void policy_rule_get(const struct policy *p, size_t i, struct policy_rule_info *ret);
enum policy_verdict policy_default(const struct policy *p, enum policy_op op, bool *ret_workspace_only);

/* An example of a rule, tried by asking the pipeline with that rule alone. */
struct policy_example {
	const char *rule, *text; /* @text: JSON, as for `crust check` */
	bool wanted;		 /* shall the rule apply? */
	bool passed;
	const char *why; /* not passed: in which way */
	const char *file;
	unsigned line, col;
};
typedef bool policy_example_fn(const struct policy_example *e, void *arg); /* false: stop */
int policy_run_examples(const struct policy *p, bool builtin_too, policy_example_fn *fn, void *arg);

/* 0, or -EBADMSG with the first that fails in @reterr. *ret_n (may be NULL): how many were tried. policy_load()
 * does this for all but the built-in rules. */
int policy_check_examples(const struct policy *p, bool builtin_too, struct err *reterr, unsigned *ret_n);

/* Lexical normalisation: join @path to @cwd (absolute) if relative, drop "." and "//", fold "..". No I/O.
 * Return: length, or -ENAMETOOLONG. Result is NUL-terminated in @buf. */
int policy_normalise(const char *cwd, const char *path, char *buf, size_t size);
