package config

// DecodeLines is Decode that also returns the line of every key that was
// present, by its path as in Finding.Path.
func (doc Document) DecodeLines(v any) (map[string]int, error) { return doc.decode(v) }

// Join puts the findings of several readings into one error: those of every
// *Errors among errs. It is nil when there are none; another error is returned
// as it is.
func Join(errs ...error) error {
	var all []Finding
	for _, err := range errs {
		if err == nil {
			continue
		}
		e, ok := err.(*Errors)
		if !ok {
			return err
		}
		all = append(all, e.Findings...)
	}
	return asError(all)
}
