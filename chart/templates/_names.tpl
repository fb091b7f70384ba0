{{- define "sameweights.picked" -}}
app.kubernetes.io/name: sameweights
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "sameweights.labels" -}}
{{ include "sameweights.picked" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}
