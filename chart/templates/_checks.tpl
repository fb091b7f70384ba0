{{- /* The keys of a TOML text whose URLs carry a password, one a line: before an @, or as a parameter. */ -}}
{{- define "sameweights.secrets" -}}
{{- $before := `://[^/@\s"\\\[]*:[^/@\s"\\\[]*@|postgres(?:ql)?://[^\s"]*:[^\s"]*@|(?:nats|tls)://[^\s"]*@` }}
{{- range regexFindAll (printf `(?m)^.*(?:%s|[?&](?:ssl)?password=[^&\s"]).*$` $before) . -1 }}
{{ regexFind "^[^=]*" . | trim }}
{{- end }}
{{- end }}

{{- /* Every sentence about values that cannot work, in one pass. */ -}}
{{- define "sameweights.checks" -}}
{{- $found := list }}
{{- $config := .Values.config }}
{{- $url := ($config.storage | default dict).url | default "" }}
{{- $variable := ($config.storage | default dict).url_env }}
{{- $broker := ($config.broker | default dict).url }}
{{- if not (regexMatch "^[a-z]([a-z0-9-]{0,46}[a-z0-9])?$" .Release.Name) }}
{{- $found = append $found (printf "the release: %q is not a valid Service name; use up to 48 lower-case letters, digits and -" .Release.Name) }}
{{- end }}
{{- if not ($config.proxy | default dict).providers }}
{{- $found = append $found "config.proxy.providers: no provider is named; write at least one with its base_url, as in docs/how-to/kubernetes.md" }}
{{- end }}
{{- range tuple "proxy" "admin" }}
{{- if ((index $config .) | default dict).listen }}
{{- $found = append $found (printf "config.%s.listen: the chart sets it, since Services and probes use its ports; leave it out" .) }}
{{- end }}
{{- end }}
{{- $toml := include "sameweights.toml" . }}
{{- if not (contains "[admin]" $toml) }}
{{- $found = append $found (printf "config: cannot be written as TOML: %s; an empty item of a list is such a value" (trim $toml)) }}
{{- end }}
{{- range $key := include "sameweights.secrets" $toml | splitList "\n" | compact | uniq }}
{{- $found = append $found (printf "config: %s carries a password, which a ConfigMap would show; keep it in a Secret, and name its variable in storage.url_env or broker.credentials_env, or set HTTPS_PROXY from it in env" $key) }}
{{- end }}
{{- if and (eq .Values.mode "single") $broker }}
{{- $found = append $found "config.broker.url: one pod forwards and audits without a broker; set mode: fleet, or leave broker.url out" }}
{{- end }}
{{- if and (eq .Values.mode "single") (hasPrefix "sqlite:" $url) (not (hasPrefix "sqlite:////var/lib/sameweights/" $url)) }}
{{- $found = append $found (printf "config.storage.url: %q is not on the volume; leave it out, or name a file below sqlite:////var/lib/sameweights/" $url) }}
{{- end }}
{{- if eq .Values.mode "fleet" }}
{{- if not $broker }}
{{- $found = append $found "config.broker.url: none is configured, and exchanges pass from proxies to auditors through a broker; name your NATS servers, or set mode: single" }}
{{- end }}
{{- if not (or $variable (regexMatch "^postgres(ql)?://" $url)) }}
{{- $found = append $found "config.storage.url_env: auditors share one store, which is a PostgreSQL database; name the variable that holds its URL, or set mode: single" }}
{{- end }}
{{- if gt (int ($config.shadow | default dict).audit_workers) 1 }}
{{- $found = append $found "config.shadow.audit_workers: workers of one host share a local socket; leave it out, and raise auditors.replicas" }}
{{- end }}
{{- $admin := $config.admin | default dict }}
{{- if and (eq (toString $admin.metrics) "token") (not $admin.token_env) }}
{{- $found = append $found "config.admin.metrics: proxies have no store that keeps a drawn token; name a variable in config.admin.token_env" }}
{{- end }}
{{- end }}
{{- range $part := tuple "proxies" "auditors" }}
{{- $scaled := (index $.Values $part).autoscaling }}
{{- if and $scaled.enabled (gt (int $scaled.min) (int $scaled.max)) }}
{{- $found = append $found (printf "%s.autoscaling: min is %d and max is %d; min must be at most max" $part (int $scaled.min) (int $scaled.max)) }}
{{- end }}
{{- $resources := (index $.Values $part).resources | default dict }}
{{- $requested := ($resources.requests | default dict).cpu | default ($resources.limits | default dict).cpu }}
{{- if and (eq $.Values.mode "fleet") $scaled.enabled (not $requested) }}
{{- $found = append $found (printf "%s.resources: no CPU is requested, of which autoscaling computes per cent; set requests.cpu, or autoscaling.enabled: false" $part) }}
{{- end }}
{{- end }}
{{- if $found }}
{{- fail (printf "\n  %s\n" (join "\n  " $found)) }}
{{- end }}
{{- end }}
