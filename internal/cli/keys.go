package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/foyer-id/foyer/internal/app"
	"github.com/foyer-id/foyer/internal/keys"
	"github.com/foyer-id/foyer/internal/tenant"
)

type keysCmd struct {
	List   keysList   `cmd:"" help:"Signing keys and their states."`
	Rotate keysRotate `cmd:"" help:"Announce the next key, published two weeks before it signs."`
	Revoke keysRevoke `cmd:"" help:"End a key at once: nothing that it signed is good any more."`
}

type keyView struct {
	KID       string `json:"kid"`
	Alg       string `json:"alg"`
	State     string `json:"state"`
	Until     string `json:"until,omitempty"`
	CreatedAt string `json:"created_at"`
	SignFrom  string `json:"sign_from"`
	RevokedAt string `json:"revoked_at,omitempty"`
}

type keysList struct{ inTenant }

func (c *keysList) Run(r *run) error {
	return c.with(r, func(core *app.Core, t *tenant.Tenant) error {
		list, err := core.Keys.List(r.ctx, t.ID)
		if err != nil {
			return err
		}
		views := []keyView{}
		var rows [][]string
		for _, k := range list {
			v := keyView{k.KID, string(k.Alg), string(k.State), when(k.Until), when(k.CreatedAt), when(k.SignFrom), when(k.RevokedAt)}
			views = append(views, v)
			rows = append(rows, []string{v.KID, v.Alg, v.State, v.SignFrom, v.Until})
		}
		return r.print(views, func(w io.Writer) {
			table(w, "No keys yet; foyer serve makes them.", []string{"KID", "ALG", "STATE", "SIGNS FROM", "UNTIL"}, rows)
		})
	})
}

type keysRotate struct {
	inTenant
	Alg   string `help:"RS256, PS256, ES256 or EdDSA; default: each that the tenant has keys for."`
	Soon  bool   `name:"now" help:"Sign as soon as every cache has seen the key, in five minutes."`
	Force bool   `help:"Sign in two seconds; applications must fetch the keys again."`
}

func (c *keysRotate) Run(r *run) error {
	algs, err := c.algs()
	if err != nil {
		return err
	}
	return c.with(r, func(core *app.Core, t *tenant.Tenant) error {
		if algs == nil {
			if algs, err = algsOf(r, core, t); err != nil {
				return err
			}
		}
		views := []keyView{}
		var lines []string
		if err := core.Keys.Ensure(r.ctx, t.ID, algs...); err != nil {
			return err // a successor needs a predecessor that signs meanwhile
		}
		for _, alg := range algs {
			rec, err := core.Keys.Rotate(r.ctx, t.ID, alg, keys.Rotation{Now: c.Soon, Force: c.Force})
			if err != nil && !errors.Is(err, keys.ErrAnnounced) {
				return err
			}
			did := "signs"
			if err != nil {
				did = "is announced already and signs"
			}
			views = append(views, keyView{KID: rec.KID, Alg: string(rec.Alg), State: string(keys.Next), CreatedAt: when(rec.CreatedAt), SignFrom: when(rec.SignFrom)})
			lines = append(lines, fmt.Sprintf("%s key %s %s from %s.", alg, rec.KID, did, when(rec.SignFrom)))
		}
		return r.print(views, func(w io.Writer) { fmt.Fprintln(w, strings.Join(lines, "\n")) })
	})
}

func (c *keysRotate) algs() ([]keys.Alg, error) {
	if c.Alg == "" {
		return nil, nil
	}
	alg, ok := keys.ParseAlg(c.Alg)
	if !ok {
		return nil, errUsage("--alg is one of RS256, PS256, ES256 and EdDSA")
	}
	return []keys.Alg{alg}, nil
}

// algsOf are those that the tenant has a signing key for, or the usual two.
func algsOf(r *run, core *app.Core, t *tenant.Tenant) ([]keys.Alg, error) {
	list, err := core.Keys.List(r.ctx, t.ID)
	if err != nil {
		return nil, err
	}
	var algs []keys.Alg
	for _, k := range list {
		if k.State == keys.Signing {
			algs = append(algs, k.Alg)
		}
	}
	if len(algs) == 0 {
		algs = keys.Default()
	}
	return algs, nil
}

type keysRevoke struct {
	inTenant
	KID string `arg:"" name:"kid" help:"kid of the key."`
	Yes bool   `help:"Do not ask."`
}

func (c *keysRevoke) Run(r *run) error {
	return c.with(r, func(core *app.Core, t *tenant.Tenant) error {
		if err := r.confirm(c.Yes, "Every token that this key signed stops being good, at once. Revoke "+clean(c.KID)+"?"); err != nil {
			return err
		}
		if err := core.Keys.Revoke(r.ctx, t.ID, c.KID); err != nil {
			return notFound(err, "key", clean(c.KID), t.ID)
		}
		return r.print(map[string]string{"revoked": c.KID}, func(w io.Writer) { fmt.Fprintf(w, "Key %s is revoked.\n", c.KID) })
	})
}
