{{- define "odin-gateway.name" -}}
{{- printf "%s" .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "odin-gateway.selector" -}}
app.kubernetes.io/name: odin-gateway
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "odin-gateway.labels" -}}
{{ include "odin-gateway.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "odin-gateway.secret" -}}
{{- default (include "odin-gateway.name" .) .Values.secrets.existingSecret -}}
{{- end -}}
