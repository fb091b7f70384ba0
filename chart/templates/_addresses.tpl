{{- /* A packaged text of grafana/, of a dict with root and text, with this installation's addresses, namespace and job in it. */ -}}
{{- define "sameweights.adapted" -}}
{{- $monitoring := .root.Values.monitoring }}
{{- $text := .text | replace "http://127.0.0.1:8081" (trimSuffix "/" $monitoring.pages) }}
{{- $text = $text | replace "http://127.0.0.1:3000" (trimSuffix "/" $monitoring.grafana) }}
{{- $text | replace "job=\"sameweights\"" (printf "namespace=%q, job=%q" .root.Release.Namespace .root.Release.Name) }}
{{- end }}
