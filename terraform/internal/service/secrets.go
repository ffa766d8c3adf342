package service

import "sync"

// SecretStore holds the secrets of tokens that this process has created or rotated, in memory only. The ephemeral
// resource reads them in the same apply; nothing writes them to a plan or a state.
type SecretStore struct {
	mutex   sync.Mutex
	secrets map[string]string
}

func newSecretStore() *SecretStore {
	return &SecretStore{secrets: map[string]string{}}
}

// Put keeps the secret of a token until the process ends.
func (s *SecretStore) Put(tokenID, secret string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.secrets[tokenID] = secret
}

// Get returns the secret of a token, and whether this process knows it.
func (s *SecretStore) Get(tokenID string) (string, bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	secret, ok := s.secrets[tokenID]
	return secret, ok
}
