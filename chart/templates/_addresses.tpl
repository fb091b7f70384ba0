{{- /* A packaged text of grafana/, of a dict with root and text, with this installation's addresses and job in it. */ -}}
{{- define "sameweights.adapted" -}}
{{- $monitoring := .root.Values.monitoring }}
{{- $text := .text | replace "http://127.0.0.1:8081" (trimSuffix "/" $monitoring.pages) }}
{{- $text = $text | replace "http://127.0.0.1:3000" (trimSuffix "/" $monitoring.grafana) }}
{{- $text | replace "job=\"sameweights\"" (printf "job=%q" .root.Release.Name) }}
{{- end }}
