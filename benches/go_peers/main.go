// The Go contender of `make bench`: golang-jwt, a whole token to a map of claims, and back.
//
// Called with a JSON file of keys and tokens. It reads one command a line, `golang-jwt <verb> <alg> <rounds>`, and answers the
// nanoseconds of the process's time, or `unsupported`. Every operation is checked before it is first timed.
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strconv"
	"strings"
	"syscall"

	"github.com/golang-jwt/jwt/v5"
)

type keyAndTokens struct {
	Secret     string   `json:"secret"`
	PublicPem  string   `json:"public_pem"`
	PrivatePem string   `json:"private_pem"`
	Kid        string   `json:"kid"`
	Tokens     []string `json:"tokens"`
}

type caseFile struct {
	Issuer   string                  `json:"issuer"`
	Audience string                  `json:"audience"`
	Cases    map[string]keyAndTokens `json:"cases"`
}

type operation func(rounds int)

func main() {
	text, err := os.ReadFile(os.Args[1])
	must(err)
	var file caseFile
	must(json.Unmarshal(text, &file))
	operations := map[string]operation{}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		words := strings.Split(lines.Text(), " ")
		name := strings.Join(words[:3], " ")
		rounds, err := strconv.Atoi(words[3])
		must(err)
		if _, known := operations[name]; !known {
			operations[name] = prepare(words[1], words[2], file)
		}
		if operations[name] == nil {
			fmt.Println("unsupported")
			continue
		}
		start := processorTime()
		operations[name](rounds)
		fmt.Println(processorTime() - start)
	}
}

func prepare(verb, alg string, file caseFile) operation {
	method, one := jwt.GetSigningMethod(alg), file.Cases[alg]
	if method == nil || len(one.Tokens) == 0 {
		return nil
	}
	if verb == "sign" {
		return signing(method, one)
	}
	key := parsed(one, alg, one.PublicPem, func(pem []byte) (any, error) {
		switch alg[:2] {
		case "ES":
			return jwt.ParseECPublicKeyFromPEM(pem)
		case "Ed":
			return jwt.ParseEdPublicKeyFromPEM(pem)
		}
		return jwt.ParseRSAPublicKeyFromPEM(pem)
	})
	parser := jwt.NewParser(jwt.WithValidMethods([]string{alg}), jwt.WithIssuer(file.Issuer), jwt.WithAudience(file.Audience), jwt.WithExpirationRequired())
	verify := func(token string) jwt.MapClaims {
		claims := jwt.MapClaims{}
		_, err := parser.ParseWithClaims(token, claims, func(*jwt.Token) (any, error) { return key, nil })
		must(err)
		return claims
	}
	for _, token := range one.Tokens {
		if !reflect.DeepEqual(verify(token), claimsOf(token)) {
			panic("wrong claims")
		}
	}
	return func(rounds int) {
		for at := range rounds {
			verify(one.Tokens[at%len(one.Tokens)])
		}
	}
}

func signing(method jwt.SigningMethod, one keyAndTokens) operation {
	key := parsed(one, method.Alg(), one.PrivatePem, func(pem []byte) (any, error) {
		switch method.Alg()[:2] {
		case "ES":
			return jwt.ParseECPrivateKeyFromPEM(pem)
		case "Ed":
			return jwt.ParseEdPrivateKeyFromPEM(pem)
		}
		return jwt.ParseRSAPrivateKeyFromPEM(pem)
	})
	var claims []jwt.MapClaims
	for _, token := range one.Tokens {
		claims = append(claims, claimsOf(token))
	}
	return func(rounds int) {
		for at := range rounds {
			token := jwt.NewWithClaims(method, claims[at%len(claims)])
			token.Header["kid"] = one.Kid
			_, err := token.SignedString(key)
			must(err)
		}
	}
}

func parsed(one keyAndTokens, alg, pem string, parse func([]byte) (any, error)) any {
	if strings.HasPrefix(alg, "HS") {
		secret, err := base64.StdEncoding.DecodeString(one.Secret)
		must(err)
		return secret
	}
	key, err := parse([]byte(pem))
	must(err)
	return key
}

func claimsOf(token string) jwt.MapClaims {
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	must(err)
	claims := jwt.MapClaims{}
	must(json.Unmarshal(payload, &claims))
	return claims
}

func processorTime() int64 {
	var usage syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
